/* unloading_host PLUGIN...: a program that knows nothing of Lifoguard loads all of the plugins, uses each from main and
 * from a thread, unloads them, and goes on: what they left in the process must not be without its code. */
#include <dlfcn.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { MOST = 8, SUM = 55, ROUNDS = 3 };

typedef int work_function(void);

static void *works(void *work)
{
    return ((work_function *)(uintptr_t)work)() == SUM ? work : NULL;
}

static int worked; /* threads whose call has returned; atomic */

static void *works_and_outlives(void *work)
{
    void *result = works(work);
    __atomic_fetch_add(&worked, 1, __ATOMIC_RELEASE);
    usleep(50000); /* its destructors run when the plugin is gone */
    return result;
}

static void *load(const char *path, int mode)
{
    void *library = dlopen(path, RTLD_NOW | mode);
    if (!library) {
        fprintf(stderr, "%s\n", dlerror());
        exit(1);
    }
    return library;
}

static void use(void *libraries[], int count)
{
    pthread_t threads[MOST];
    __atomic_store_n(&worked, 0, __ATOMIC_RELAXED);
    for (int i = 0; i < count; i++) {
        void *work = dlsym(libraries[i], "plugin_work");
        if (!work || !works(work) ||
            pthread_create(&threads[i], NULL, works_and_outlives, work) != 0)
            exit(2);
    }
    while (__atomic_load_n(&worked, __ATOMIC_ACQUIRE) < count)
        usleep(1000);
    for (int i = 0; i < count; i++)
        dlclose(libraries[i]);
    for (int i = 0; i < count; i++) {
        void *result;
        if (pthread_join(threads[i], &result) != 0 || !result)
            exit(3);
    }
}

int main(int argc, char **argv)
{
    int count = argc - 1 < MOST ? argc - 1 : MOST;
    void *libraries[MOST];
    for (int round = 0; round < ROUNDS; round++) {
        /* Names that clashed would be resolved to the first one's. */
        for (int i = 0; i < count; i++)
            libraries[i] = load(argv[i + 1], round % 2 ? RTLD_GLOBAL : RTLD_LOCAL);
        use(libraries, count);
        signal(SIGUSR1, SIG_IGN);
        kill(getpid(), SIGUSR1);
        usleep(20000); /* workers wake, and look for work */
    }
    return 0;
}

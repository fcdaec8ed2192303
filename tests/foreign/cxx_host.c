/* cxx_host WHEN CXX_PLUGIN OTHER_PLUGIN: a C program to which C++ comes by dlopen: before the first goroutine, after it, in
 * a goroutine while others run, or there after another plugin. */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <lifoguard/lifoguard.h>

enum { GOROUTINES = 6 };

/* NOLINTNEXTLINE(misc-use-internal-linkage): the plugins call it */
void wait_a_little(int number);

static int (*work)(int);
static int wrong;

void wait_a_little(int number)
{
    for (int i = 0; i <= number % 3; i++)
        lg_yield();
    lg_sleep((1L + number % 3) * 100 * LG_MICROSECOND);
}

static void *load(const char *path)
{
    void *library = dlopen(path, RTLD_NOW);
    if (!library) {
        fprintf(stderr, "%s\n", dlerror());
        exit(3);
    }
    return library;
}

static void load_work(const char *path)
{
    work = (int (*)(int))(uintptr_t)dlsym(load(path), "cxx_work");
}

static void do_work(int number)
{
    while (!work)
        lg_yield();
    __atomic_fetch_add(&wrong, work(number), __ATOMIC_RELAXED);
}

int main(int argc, char **argv)
{
    const char *when = argc == 4 ? argv[1] : "";
    lg_error_free(lg_set_workers(strcmp(when, "two") == 0 ? 2 : 1));
    lg_waitgroup group = {0};
    if (strcmp(when, "before") == 0)
        load_work(argv[2]);
    lg_waitgroup_go(&group, lg_yield);
    lg_waitgroup_wait(&group);
    if (strcmp(when, "after") == 0)
        load_work(argv[2]);
    for (int i = 0; i < GOROUTINES; i++)
        lg_waitgroup_go(&group, do_work, i);
    if (strcmp(when, "behind") == 0) {
        lg_waitgroup_go(&group, load, argv[3]);
        lg_sleep(20 * LG_MILLISECOND);
    }
    if (!work)
        lg_waitgroup_go(&group, load_work, argv[2]);
    lg_waitgroup_wait(&group);
    if (wrong != 0)
        fprintf(stderr, "%d wrong\n", wrong);
    return wrong != 0;
}

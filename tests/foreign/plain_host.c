/* A program that knows nothing of Lifoguard loads a plugin that brings it along: its thread-local word must
 * find room although the program has long been started (initial-exec). */
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "plugin.h"

static void *works(void *data)
{
    const struct plugin *plugin = data;
    return plugin->self_test() == 0 ? data : NULL;
}

int main(void)
{
    pthread_t thread;
    void *result;
    /* NOLINTNEXTLINE(clang-analyzer-optin.taint.GenericTaint): the build says which plugin */
    void *library = dlopen(getenv("LG_TEST_PLUGIN"), RTLD_NOW | RTLD_LOCAL);
    if (!library) {
        fprintf(stderr, "%s\n", dlerror());
        return 1;
    }
    struct plugin *plugin = dlsym(library, "lg_test_plugin");
    if (!plugin || plugin->self_test() != 0 || pthread_create(&thread, NULL, works, plugin) != 0 ||
        pthread_join(thread, &result) != 0)
        return 1;
    return result ? 0 : 1;
}

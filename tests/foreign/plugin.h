/* What the plugin offers to the program that loads it. */
#ifndef LG_TEST_PLUGIN_H
#define LG_TEST_PLUGIN_H

struct plugin {
    void (*note)(const char *word); /* set by the host */
    /* Panics with "plugin", with a call deferred. */
    void (*panic)(void);
    /* Calls back with calls deferred; true if it recovered a panic. */
    int (*recover)(void (*call)(void));
    /* The same, without recovering. */
    void (*around)(void (*call)(void));
    /* Does all by itself; 0 if all is well. */
    int (*self_test)(void);
};

#endif

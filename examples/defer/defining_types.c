/* Types that release themselves, in the style of systemd, GLib and the kernel (D18): a variable, a class with a constructor,
 * and a guard that holds a lock until the function is left. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <lifoguard/lifoguard.h>

LG_DEFINE_AUTO(text, char *, free)
LG_DEFINE_CLASS(reader, FILE *, fclose, fmemopen(bytes, size, "r"), char *bytes, size_t size)
LG_DEFINE_GUARD(pthread_mutex, pthread_mutex_t *, pthread_mutex_lock, pthread_mutex_unlock)

struct totals {
    pthread_mutex_t mutex;
    int lines;
};

static int add_line(struct totals *totals)
{
    lg_guard(pthread_mutex)(&totals->mutex);
    return ++totals->lines; /* the lock is given back after this value is read */
}

static char *longest_line(char *bytes, struct totals *totals)
{
    lg_class(reader, lines)(bytes, strlen(bytes));
    if (!lines)
        return NULL;
    lg_auto(text) char *longest = strdup("");
    char line[64];
    while (longest && fgets(line, sizeof(line), lines)) {
        line[strcspn(line, "\n")] = '\0';
        add_line(totals);
        if (strlen(line) > strlen(longest)) {
            lg_auto(text) char *shorter = longest; /* released at the end of the pass */
            longest = strdup(line);
        }
    }
    return lg_take(longest); /* released by the caller */
}

int main(void)
{
    char fruit[] = "fig\npear\npomegranate\nplum\n";
    struct totals totals = {PTHREAD_MUTEX_INITIALIZER, 0};
    lg_auto(text) char *longest = longest_line(fruit, &totals);
    if (!longest) {
        puts("out of memory");
        return 1;
    }
    printf("%s is the longest of %d\n", longest, totals.lines);
    return 0;
}

/* Mistake 4: deferring a look at the loop's variable, when a look at its value was meant. All the calls
 * are given the one variable, and read it after the loop has ended: 3, 3, 3. Passed by value, it
 * is taken when the call is deferred: 2, 1, 0, as they run in reverse (D2, D3). */
#include <stdio.h>
#include <string.h>

#include <lifoguard/lifoguard.h>

struct text {
    char chars[32];
};

static void add(struct text *text, int value)
{
    size_t length = strlen(text->chars);
    snprintf(text->chars + length, sizeof(text->chars) - length, " %d", value);
}

static void add_pointed_to(struct text *text, const int *value)
{
    add(text, *value);
}

static struct text wrong(void)
{
    lg_func (struct text, seen) {
        int i; // outside the loop and before the scope: it has to be there when the calls run
        lg_scope(after_the_loop);
        for (i = 0; i < 3; i++)
            lg_defer_in(&after_the_loop, add_pointed_to, &seen, &i);
    }
}

static struct text right(void)
{
    lg_func (struct text, seen) {
        lg_scope(after_the_loop);
        for (int i = 0; i < 3; i++)
            lg_defer_in(&after_the_loop, add, &seen, i);
    }
}

int main(void)
{
    struct text seen_wrong = wrong(), seen_right = right();
    printf("wrong:%s\n", seen_wrong.chars);
    printf("right:%s\n", seen_right.chars);
    return strcmp(seen_wrong.chars, " 3 3 3") == 0 && strcmp(seen_right.chars, " 2 1 0") == 0 ? 0
                                                                                              : 1;
}

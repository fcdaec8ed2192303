// A case past a class.
// gcc: switch jumps into scope
// gcc: this_jump_would_skip_the_defer__let_one_block_hold_the_defer_and_all_that_needs_it_
// clang: cannot jump from switch statement to this case label
#include <stdlib.h>

#include <lifoguard/lifoguard.h>

LG_DEFINE_CLASS(memory, void *, free, malloc(size), size_t size)

void f(int n)
{
    switch (n) {
    case 1:;
        lg_class(memory, block)(10);
        (void)block;
        break;
    case 2: break;
    }
}

// The subjects in C++: destructors, a stack of calls to make, throw and catch.
#include <stdexcept>
#include <vector>

#include "bench.h"

namespace
{

struct guard {
    resource *held;
    explicit guard(resource *r) : held(r)
    {
        bench_open(r);
    }
    guard(const guard &) = delete;
    guard &operator=(const guard &) = delete;
    ~guard()
    {
        bench_release(held);
    }
};

KERNEL int calls_1(resource *r, int)
{
    guard g1(r);
    return bench_work(r);
}

KERNEL int calls_2(resource *r, int)
{
    guard g1(r), g2(r);
    return bench_work(r);
}

KERNEL int calls_8(resource *r, int)
{
    guard g1(r), g2(r), g3(r), g4(r), g5(r), g6(r), g7(r), g8(r);
    return bench_work(r);
}

// Calls registered while running, made in reverse order when the block is left.
class stack
{
    struct call {
        void (*function)(resource *);
        resource *argument;
    };
    std::vector<call> calls;

  public:
    stack() = default;
    stack(const stack &) = delete;
    stack &operator=(const stack &) = delete;
    void add(void (*function)(resource *), resource *argument)
    {
        calls.push_back({function, argument});
    }
    ~stack()
    {
        while (!calls.empty()) {
            call c = calls.back();
            calls.pop_back();
            c.function(c.argument);
        }
    }
};

KERNEL int loop(resource *r, int n)
{
    stack s;
    for (int i = 0; i < n; i++) {
        bench_open(r);
        s.add(bench_release, r);
    }
    return bench_work(r);
}

KERNEL int func_try(resource *r, int n)
{
    try {
        return bench_work(r) + n;
    } catch (...) {
        return -1;
    }
}

KERNEL int dive_message(resource *r, int n)
{
    if (n == 0) {
        if (bench_work(r) == 0)
            throw std::runtime_error("out of paper");
        return -1;
    }
    guard g(r);
    return dive_message(r, n - 1) + bench_work(r);
}

KERNEL int throw_message(resource *r, int n)
{
    try {
        return dive_message(r, n);
    } catch (const std::runtime_error &) {
        return 0;
    }
}

KERNEL int dive_pointer(resource *r, int n)
{
    if (n == 0) {
        if (bench_work(r) == 0)
            throw r;
        return -1;
    }
    guard g(r);
    return dive_pointer(r, n - 1) + bench_work(r);
}

KERNEL int throw_pointer(resource *r, int n)
{
    try {
        return dive_pointer(r, n);
    } catch (resource *) {
        return 0;
    }
}

const subject subjects[] = {
    {"calls_guard_1", calls_1, 0, 1},
    {"calls_guard_2", calls_2, 0, 1},
    {"calls_guard_8", calls_8, 0, 1},
    {"loop_stack_1", loop, 1, 1},
    {"loop_stack_8", loop, 8, 1},
    {"loop_stack_100", loop, 100, 1},
    {"func_try", func_try, 0, 1},
    {"throw_message_0", throw_message, 0, 1},
    {"throw_pointer_0", throw_pointer, 0, 1},
    {"throw_message_5", throw_message, 5, 1},
    {"throw_pointer_5", throw_pointer, 5, 1},
    {"throw_message_10", throw_message, 10, 1},
    {"throw_pointer_10", throw_pointer, 10, 1},
};

} // namespace

int main(int argc, char **argv)
{
    return bench_main(subjects, sizeof(subjects) / sizeof(subjects[0]), argc, argv);
}

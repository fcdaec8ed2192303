/* C++ code in goroutines: exceptions, destructors and waits mixed. */
#include "goroutines.h"

#include <exception>
#include <stdexcept>
#include <string>

namespace
{

struct YieldsInDestructor {
    int expected;
    std::atomic<int> *bad;
    ~YieldsInDestructor()
    {
        for (int i = 0; i < 3; i++) {
            if (std::uncaught_exceptions() != expected)
                ++*bad;
            lg_yield();
        }
        if (std::uncaught_exceptions() != expected)
            ++*bad;
    }
};

void throw_number(int number, std::atomic<int> *bad)
{
    YieldsInDestructor guard = {1, bad};
    lg_yield();
    throw number;
}

void throw_text(int number, std::atomic<int> *bad)
{
    YieldsInDestructor guard = {1, bad};
    if (number % 2)
        lg_sleep(10000);
    throw std::runtime_error(std::to_string(number));
}

std::atomic<int> bad, ended;

} // namespace

extern "C" void cxx_throws_and_waits(int number)
{
    YieldsInDestructor outer = {0, &bad};
    for (int round = 0; round < 5; round++) {
        try {
            throw_number(number, &bad);
            ++bad;
        } catch (int caught) {
            lg_yield();
            bad += caught != number;
            try {
                throw_text(number, &bad);
                ++bad;
            } catch (const std::exception &inner) {
                lg_yield();
                bad += inner.what() != std::to_string(number);
                try {
                    lg_yield();
                    throw; /* the inner one again, not another goroutine's */
                } catch (const std::runtime_error &again) {
                    bad += &again != &inner;
                }
            }
            lg_yield();
            std::exception_ptr kept = std::current_exception();
            lg_yield();
            try {
                std::rethrow_exception(kept);
            } catch (int again) {
                bad += again != number;
            }
        }
        bad += std::current_exception() != nullptr;
        bad += std::uncaught_exceptions() != 0;
    }
    ++ended;
}

extern "C" int cxx_ended(void)
{
    return ended;
}

extern "C" int cxx_bad(void)
{
    return bad;
}

extern "C" void cxx_lets_out(void)
{
    throw std::runtime_error("nobody catches it");
}

extern "C" void cxx_swallows(void)
{
    try {
        lgi_panic("goroutines.cpp", 1, "swallowed");
    } catch (...) {
    }
}

extern "C" void cxx_panics_through(void)
{
    YieldsInDestructor guard = {0, &bad}; /* a panic is no exception that C++ counts */
    lgi_panic("goroutines.cpp", 1, "through");
}

#include "frames.h"

#include <stdexcept>

/* The headers must compile as C++, the macros aside. */
#include <lifoguard/lifoguard.h>

namespace
{
struct Noting {
    const char *word;
    explicit Noting(const char *w) : word(w) {}
    Noting(const Noting &) = delete;
    Noting &operator=(const Noting &) = delete;
    ~Noting()
    {
        frames_note(word);
    }
};
} // namespace

void frames_call(void (*call)(void))
{
    Noting frame("~frame");
    call();
    frames_note("returned");
}

void frames_throw(void)
{
    Noting thrower("~thrower");
    throw std::runtime_error("thrown");
}

void frames_catch(void (*call)(void))
{
    try {
        Noting tried("~tried");
        call();
    } catch (int) {
        frames_note("caught an int");
    } catch (const std::exception &exception) {
        frames_note("caught:");
        frames_note(exception.what());
    }
}

void frames_swallow(void (*call)(void))
{
    try {
        call();
    } catch (...) {
        frames_note("swallowed");
    }
}

void frames_rethrow(void (*call)(void))
{
    try {
        call();
    } catch (...) {
        frames_note("passed on");
        throw;
    }
}

static void calls_noexcept(void (*call)(void)) noexcept
{
    call();
}

void frames_noexcept(void (*call)(void))
{
    calls_noexcept(call);
}

void frames_throw_and_catch(void)
{
    frames_catch(frames_throw);
}

// A context with signals, but without a signal.
// gcc: no signal is given: write the signals after the context
// clang: no signal is given: write the signals after the context
#include <lifoguard/lifoguard.h>

lg_error *f(const lg_context *parent, lg_context **ctx)
{
    return lg_context_with_signals(parent, ctx);
}

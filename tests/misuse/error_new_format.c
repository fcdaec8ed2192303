// A format where the error's text is taken as it is.
// gcc: lgi_error_new_takes_one_text__write_lg_error_newf_for_a_format
// clang: too few arguments to function call
// clang: lgi_error_new_takes_one_text__write_lg_error_newf_for_a_format
#include <lifoguard/lifoguard.h>

lg_error *f(const char *name)
{
    return lg_error_new("open %s", name);
}

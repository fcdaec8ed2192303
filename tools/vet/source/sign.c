#include "sign.h"

#include "lex.h"

int sign_negated(int sign)
{
    switch (sign) {
    case S2('=', '='): return S2('!', '=');
    case S2('!', '='): return S2('=', '=');
    case '<': return S2('>', '=');
    case '>': return S2('<', '=');
    case S2('<', '='): return '>';
    case S2('>', '='): return '<';
    default: return sign;
    }
}

int sign_mirrored(int sign)
{
    switch (sign) {
    case '<': return '>';
    case '>': return '<';
    case S2('<', '='): return S2('>', '=');
    case S2('>', '='): return S2('<', '=');
    default: return sign;
    }
}

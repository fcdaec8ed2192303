/* What the text of a macro does with its parameters. */
#include "macro.h"

#include "names.h"

#include <stdlib.h>
#include <string.h>

bool macro_resets(const struct macro *macro)
{
    for (int i = 1; i + 1 < macro->body.count; i++) {
        const struct token *value = &macro->body.at[i + 1];
        const struct token *before = &macro->body.at[i - 1];
        bool null = token_is(value, "NULL") ||
                    (value->kind == TOKEN_NUMBER && *value->text == '0') || value->sign == '-' ||
                    value->sign == '(';
        if (macro->body.at[i].sign == '=' && null &&
            (before->sign == ')' || macro_parameter(macro, before) >= 0))
            return true;
    }
    return false;
}

static bool resets_within(const struct macros *macros, const struct macro *macro, int depth)
{
    if (macro_resets(macro))
        return true;
    EACH (token, &macro->body) {
        if (token->kind != TOKEN_NAME)
            continue;
        const struct macro *inner = macros_find(macros, token->text);
        if (strstr(token->text, "and_null") || strcmp(token->text, "g_clear_pointer") == 0 ||
            (inner && inner != macro && depth < MACRO_DEPTH &&
             resets_within(macros, inner, depth + 1)))
            return true;
    }
    return false;
}

bool macros_reset(const struct macros *macros, const struct macro *macro)
{
    return resets_within(macros, macro, 0);
}

bool macro_assigns(const struct macro *macro, int parameter)
{
    for (int i = 0; i + 1 < macro->body.count; i++)
        if (macro_parameter(macro, &macro->body.at[i]) == parameter) {
            int next = macro->body.at[i + 1].sign == ')' ? i + 2 : i + 1;
            if ((next < macro->body.count && macro->body.at[next].sign == '=') ||
                (i > 0 && macro->body.at[i - 1].sign == '&') ||
                (i > 1 && macro->body.at[i - 1].sign == '(' && macro->body.at[i - 2].sign == '&'))
                return true;
        }
    return false;
}

bool macro_passes_address(const struct macro *macro, int parameter)
{
    const struct token *body = macro->body.at;
    for (int i = 1; i + 1 < macro->body.count; i++) {
        if (macro_parameter(macro, &body[i]) != parameter)
            continue;
        bool within = body[i - 1].sign == '(' && i > 1;
        int before = body[within ? i - 2 : i - 1].sign;
        int after = i + 1 + within < macro->body.count ? body[i + 1 + within].sign : 0;
        if (before == '&' && after != '.' && after != '[' && after != S2('-', '>'))
            return true;
    }
    return false;
}

bool macro_never_returns(const struct macro *macro)
{
    bool ends = false;
    for (int i = 0; i + 1 < macro->body.count; i++) {
        const struct token *token = &macro->body.at[i];
        if (token_is(token, "if") || token->sign == '?' || token_is(token, "return") ||
            token->sign == S2('&', '&') || token->sign == S2('|', '|'))
            return false;
        bool leaves = i + 2 < macro->body.count && token->kind == TOKEN_NAME &&
                      strncmp(token->text, "EXIT_", 5) == 0 && token[2].sign == ')';
        ends |= token->kind == TOKEN_NAME && token[1].sign == '(' &&
                (leaves || name_never_returns(token->text)); /* EXIT_PROGRAM() */
    }
    return ends;
}

bool macro_is_predicate(const struct macro *macro)
{
    bool compares = false;
    if (!macro->function_like || macro->body.count > 30)
        return false;
    for (int i = 0; i < macro->body.count; i++) {
        const struct token *token = &macro->body.at[i];
        bool call = token->kind == TOKEN_NAME && i + 1 < macro->body.count &&
                    token[1].sign == '(' && macro_parameter(macro, token) < 0;
        if (call || token->sign == '=' || token->sign == ';' || token->sign == '{' ||
            token->sign == S2('+', '+') || token->sign == S2('-', '-'))
            return false;
        compares |= token->sign == S2('=', '=') || token->sign == S2('!', '=');
    }
    return compares;
}

long macro_negative(const struct macro *macro)
{
    if (!macro || macro->function_like)
        return 0;
    const struct token *at = macro->body.at, *end = at + macro->body.count;
    bool parenthesis = at < end && at->sign == '(';
    at += parenthesis;
    if (end - at != 2 + parenthesis || at->sign != '-' || at[1].kind != TOKEN_NUMBER)
        return 0;
    return -token_number(&at[1]);
}

bool macro_calls(const struct macro *macro, const char *name)
{
    EACH (token, &macro->body)
        if (token_is(token, name))
            return true;
    return false;
}

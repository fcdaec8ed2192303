/* Branches of `#if` that leave the function, so that what stands behind them is of another configuration. */
#include "lex.h"
#include "names.h"

#include <string.h>

static bool leaves(const struct token *first)
{
    return first->kind == TOKEN_NAME &&
           (strcmp(first->text, "return") == 0 || strcmp(first->text, "goto") == 0 ||
            (first[1].sign == '(' && name_never_returns(first->text)));
}

/* Are the tokens whole statements, the last of which leaves the function? */
static bool ends_by_leaving(const struct token *at, const struct token *end)
{
    const struct token *statement = at, *last = NULL;
    int depth = 0;
    for (; at < end && depth >= 0; at++) {
        depth += (at->sign == '(' || at->sign == '{') - (at->sign == ')' || at->sign == '}');
        if (depth == 0 && (at->sign == ';' || at->sign == '}')) {
            last = statement;
            statement = at + 1;
        }
    }
    return last && depth == 0 && statement == end && leaves(last);
}

bool tokens_leave(const token_vec *tokens, int first)
{
    if (first == 0 || first >= tokens->count)
        return false;
    int before = tokens->at[first - 1].sign;
    return (before == ';' || before == '{' || before == '}') &&
           ends_by_leaving(tokens->at + first, tokens->at + tokens->count);
}

void tokens_make_conditional(struct arena *arena, token_vec *tokens, int first)
{
    static const struct token head[] = {{.kind = TOKEN_NAME, .text = "if"},
                                        {.kind = TOKEN_SIGN, .text = "(", .sign = '('},
                                        {.kind = TOKEN_NAME, .text = "CONFIGURED"},
                                        {.kind = TOKEN_SIGN, .text = ")", .sign = ')'},
                                        {.kind = TOKEN_SIGN, .text = "{", .sign = '{'}};
    enum { LENGTH = sizeof(head) / sizeof(*head) };
    int line = tokens->at[first].line, last = tokens->at[tokens->count - 1].line;
    size_t size = sizeof(*tokens->at) * (size_t)(tokens->count - first);
    for (int i = 0; i < LENGTH + 1; i++)
        ADD(arena, tokens)->line = last;
    memmove(tokens->at + first + LENGTH, tokens->at + first, size);
    for (int i = 0; i < LENGTH; i++) {
        tokens->at[first + i] = head[i];
        tokens->at[first + i].text = intern_string(head[i].text);
        tokens->at[first + i].length = (int)strlen(head[i].text);
        tokens->at[first + i].line = line;
    }
    tokens->at[tokens->count - 1] = (struct token){
        .kind = TOKEN_SIGN, .text = intern_string("}"), .length = 1, .sign = '}', .line = last};
}

/* The syntax tree of one function's body, parsed without the types of names. */
#ifndef VET_AST_H
#define VET_AST_H

#include "lex.h"

enum expr_kind {
    E_NONE, /* left out, or not understood */
    E_NAME,
    E_NUMBER,
    E_STRING,
    E_CALL,    /* a(args) */
    E_PREFIX,  /* sign a */
    E_POSTFIX, /* a sign */
    E_BINARY,  /* a sign b */
    E_ASSIGN,  /* a sign b: '=', or S2('+', '=') … */
    E_CHOICE,  /* a ? b : c */
    E_INDEX,   /* a[b] */
    E_MEMBER,  /* a.name, a->name: sign tells */
    E_CAST,    /* (type) a */
    E_SIZEOF,
    E_LIST,       /* { args } */
    E_DESIGNATED, /* .name = a, in a list */
    E_BLOCK,      /* ({ body }) */
    E_JUMP,       /* a statement where an argument is expected: FOREACH(x, list, return -1) */
};

struct expr {
    enum expr_kind kind;
    int sign;
    int line;
    short column;
    bool expanded;
    const char *name;
    long number;
    struct expr *a, *b, *c;
    VEC(struct expr *) args;
    struct stmt *body;
};

struct type {
    const char *words[8]; /* names in front of the declared one, without attributes */
    int count;
    int stars;
    bool is_static, is_const, is_array, is_extern;
};

struct decl {
    const char *name;
    struct type type;
    const char *cleanup;   /* the function of the cleanup attribute; or of its macro */
    const char *attribute; /* how the attribute was written: g_autofree, __free, guard … */
    struct expr *value;
    int line;
    short column;
    bool joint; /* not the first declarator of its declaration */
};

enum stmt_kind {
    S_EXPR,
    S_DECL,
    S_BLOCK,
    S_IF,     /* value, then, otherwise */
    S_WHILE,  /* value, then */
    S_DO,     /* then, value */
    S_FOR,    /* first, value, step, then */
    S_EACH,   /* macro(args) body, a loop: value is the call */
    S_ONCE,   /* macro(args) body, run once: scoped_guard … */
    S_SWITCH, /* value, then */
    S_CASE,   /* value, or NULL for default */
    S_LABEL,  /* name */
    S_GOTO,   /* name; NULL for a computed one */
    S_BREAK,
    S_CONTINUE,
    S_RETURN, /* value */
    S_DEFER,  /* then */
};

struct stmt {
    enum stmt_kind kind;
    int line, end_line;
    short column;
    bool expanded;
    const char *name;
    struct expr *value, *step;
    struct stmt *first, *then, *otherwise;
    VEC(struct stmt *) list;
    VEC(struct decl) decls;
};

struct parameter {
    const char *name;
    struct type type;
};

struct function {
    const char *name;
    struct type type;
    VEC(struct parameter) parameters;
    struct stmt *body;
    int line, end_line;
    int start_line;     /* where its declaration begins */
    const char *result; /* the named result of an lg_func */
    bool in_lg_func;
    int tokens;
};

#endif

/* Uses everything that the headers offer. Must compile without any warning, as gnu17 and gnu2x. */
#include <assert.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <lifoguard/lifoguard.h>

enum colour { RED, BLUE };

struct large {
    long word[20];
};

typedef void handler(int);

__attribute__((warn_unused_result)) int must_be_used(int number);
int takes_all(int a, unsigned long b, const char *c, void (*d)(int));
long takes_wide(long a, long long b, size_t c, intptr_t d);
double gives_double(unsigned a);
enum colour takes_colour(enum colour colour);
void takes_const(const struct large *const large, const char *const *texts);
void takes_nothing(void);
void takes_handler(handler *function, int number);
void stops(lg_panic_info *panic);
void stops_four(lg_panic_info *panic, int a, const char *b, size_t c, enum colour d);
void change(struct large *large);
void change_error(lg_error **err);
handler *get_handler(void);
int synchronises(lg_mutex *mutex, lg_rwmutex *rw, lg_cond *cond, lg_semaphore *semaphore);
lg_chan(struct large) channels(lg_chan(int) numbers, lg_chan(const char *) texts, lg_until until);
size_t selects(lg_chan(int) numbers, lg_chan(struct large) larges, lg_until until, bool *ok);
void fills(lg_chan(int) numbers, lg_chan(lg_chan(int)) nested);
bool visit(const lg_pending_call *call, void *data);
void all_forms(FILE *file, int fd, pthread_mutex_t *mutex, unsigned short narrow, bool truth);
void in_loops(int n, const char *const *texts);
void helper(lg_scope *scope, int n);
int result_int(int n);
struct large result_large(int n);
struct large result_literal(int n);
const char *result_pointer(const char *text);
double result_double(double x);
bool result_bool(int n);
void result_none(int n);
lg_error *result_error(int n);
lg_error *recovers_error(int n, const char *name);
void recovers_nothing(int n);
struct large recovers_large(int n);
int nested_functions(int n);
void panics(int how, void *pointer);
const char *asks(lg_panic_info *panic);
void switches(int n);
void pending_calls(void);
void end_large(struct large *large);
void goroutines(struct large *large, int n);
int release_thing(void *thing, int a, unsigned long b, const char *c);
int make_thing(void **thing, int n);
void make_number(int *number);
bool is_large(long number);
int take_number(long number);
lg_error *adopts(const char *path, int n);
void *takes(void *pointer, int fd);
void moves(lg_cleanups *held, int n);
lg_error *contains(handler *function, int n);
lg_error *all_forms_in(lg_scope *other, int n);
bool blocking_calls(struct large *large, int n);
void in_arguments(lg_chan(int) numbers, lg_chan(lg_chan(int)) nested, lg_until until);
lg_error *groups(lg_group *outer, struct large *large, lg_until until);

int own_types(lg_mutex *mutex, lg_rwmutex *rw, pthread_mutex_t *plain, const char *path);

LG_ERROR_DEFINE(clean_error, "clean");

LG_DEFINE_AUTO(file, FILE *, fclose)
LG_DEFINE_AUTO(descriptor, int, close)
LG_DEFINE_AUTO(text, char *, free)

/* Expressions in the argument of a macro of the program, and in that of their own kind, on one line. */
void in_arguments(lg_chan(int) numbers, lg_chan(lg_chan(int)) nested, lg_until until)
{
    int n = 0;
    assert(lg_chan_recv(numbers, &n) && lg_chan_recv(lg_chan_recv_value(nested), &n));
    assert(lg_chan_try_send(lg_chan_recv_value(nested), lg_chan_try_send(numbers, n) + 1));
    assert(!lg_chan_send_until(numbers, lg_chan_recv_value(lg_chan_recv_value(nested)), until));
    assert(!lg_chan_recv_until(lg_chan_recv_value(nested), &n, until));
    assert(!lg_chan_try_recv(lg_chan_recv_value(nested), &n) && lg_chan_cap(numbers) == 1);
    assert(lg_chan_len(lg_chan_ref(lg_chan_recv_value(nested))) == 0);
    assert(lg_blocking(is_large, lg_blocking(take_number, n)));
    lg_chan_send(lg_chan_recv_value(nested), lg_chan_recv_value(numbers));
}

LG_DEFINE_AUTO_STRUCT(large, struct large, change)
LG_DEFINE_CLASS(reader, FILE *, fclose, fopen(path, "r"), const char *path)
LG_DEFINE_CLASS(scratch, FILE *, fclose, tmpfile(), void)
LG_DEFINE_GUARD(plain, pthread_mutex_t *, pthread_mutex_lock, pthread_mutex_unlock)
LG_DEFINE_TRY_GUARD(plain_try, pthread_mutex_t *, !pthread_mutex_trylock, pthread_mutex_unlock)

void all_forms(FILE *file, int fd, pthread_mutex_t *mutex, unsigned short narrow, bool truth)
{
    static const char *const texts[] = {"a", "b"};
    struct large large = {{0}};
    void *memory = malloc(10);
    lg_defer(free, memory);
    lg_defer(fclose, file);
    lg_defer(close, fd);
    lg_defer(pthread_mutex_unlock, mutex);
    lg_defer(takes_nothing);
    lg_defer(must_be_used, fd);
    lg_defer(takes_all, 1, 2UL, "three", get_handler());
    lg_defer(takes_all, fd, sizeof(large), texts[0], exit);
    lg_defer(takes_wide, 1, 2, 3, 4);
    lg_defer(gives_double, 5U);
    lg_defer(takes_colour, BLUE);
    lg_defer(takes_const, &large, texts);
    lg_defer(takes_handler, exit, 1);
    lg_defer(get_handler(), fd);
    lg_defer(abort);
    lg_defer(exit, 3);
    lg_defer(lg_goexit);
    lg_defer(memset, &large, 0, sizeof(large));
    lg_defer_as(named, fclose, file);
    lg_defer_as(unused, takes_nothing);
    lg_defer_as(many, takes_all, 1, 2UL, "three", get_handler());
    lg_deferred_dismiss(named);
    lg_deferred_run(many);
    lg_defer_block {
        large.word[0] = narrow;
        if (truth)
            change(&large);
    }
    lg_scope(scope);
    lg_defer_in(&scope, fclose, file);
    lg_defer_in(&scope, must_be_used, fd);
    lg_deferred *deferred = lg_defer_in(&scope, takes_colour, RED);
    lg_deferred_dismiss(deferred);
    if (truth)
        lg_defer_in(&scope, takes_all, 1, 2UL, "three", get_handler());
    else
        lg_defer_in(&scope, takes_nothing);
    helper(&scope, 1);
    lg_scope_run(&scope);
    lg_scope_dismiss(&scope);
    if (lg_scope_count(&scope) > 0)
        return;
    {
        lg_scope(another);
        lg_defer_in(&another, takes_nothing);
        lg_defer(takes_nothing);
    }
    takes_nothing();
}

lg_error *adopts(const char *path, int n)
{
    lg_func (lg_error *, err) {
        lg_scope(scope);
        FILE *file = lg_adopt(&scope, fopen(path, "r"), fclose);
        lg_adopt(&scope, fopen(path, "w"), lg_fclose, &err);
        lg_adopt(&scope, malloc(10), release_thing, n, 2UL, "three");
        int fd = lg_adopt(&scope, dup(n), close);
        long large = lg_adopt_if(&scope, (long)n, is_large, take_number);
        lg_adopt_as(other, fopen(path, "r"), fclose);
        lg_adopt_as(unused, malloc(20), free);
        lg_adopt_as_if(number, large, is_large, take_number);
        void *thing;
        if (lg_adopt_out(&scope, &thing, make_thing(&thing, n), free) != 0 || number == fd)
            lg_return(lg_error_new("no thing"));
        lg_adopt_out(&scope, &n, make_number(&n), close);
        if (lg_adopt_out_if(&scope, &thing, make_thing(&thing, n), !, free) != 0 || !other)
            lg_return(lg_adopt_fd(&scope, &fd, dup(n), NULL, "again"));
        lg_try(lg_adopt_fd(&scope, &fd, dup(n), &err, "duplicate %d of %s", n, path));
        if (n > 1)
            lg_try(lg_adopt_errno(&scope, &file, fopen(path, "r"), fclose, "open"));
        else
            lg_try(lg_adopt_errno(&scope, &file, fopen(path, "r"), fclose, "open %s", path), "%d",
                   n);
        fputs("text", file);
    }
}

void moves(lg_cleanups *held, int n)
{
    static lg_cleanups zero;
    lg_cleanups local = {0};
    lg_scope(scope);
    lg_defer_in(held, takes_wide, n, n, 0, 0);
    lg_adopt(held, malloc(10), free);
    lg_move(&scope, held);
    lg_move(held, &scope);
    lg_move(held, &zero);
    lg_move(&local, n ? held : &zero);
    lg_defer(lg_cleanups_run, held);
    lg_cleanups_dismiss(&local);
    lg_cleanups_print(held, stderr);
    if (lg_cleanups_count(held) > lg_cleanups_visit(held, visit, held))
        lg_cleanups_run(&zero);
}

int own_types(lg_mutex *mutex, lg_rwmutex *rw, pthread_mutex_t *plain, const char *path)
{
    lg_auto(file) FILE *first = fopen(path, "r");
    FILE *second lg_auto(file) = fopen(path, "w");
    lg_auto(descriptor) int fd = dup(1);
    lg_auto(text) char *text = NULL, *other = strdup(path);
    lg_auto(large) struct large large = {{0}};
    lg_class(reader, reader)(path);
    lg_class(scratch, scratch)();
    if (!first || !second || fd < 0 || !reader || !scratch || !other)
        return (int)large.word[0];
    lg_guard(lg_mutex)(mutex);
    lg_guard(lg_mutex)(mutex);
    lg_guard(lg_rwmutex_read)(rw);
    lg_guard_as(plain_try, guard)(plain);
    if (!lg_guard_held(guard))
        return 0;
    lg_scoped_guard(plain, plain) {
        lg_guard(lg_rwmutex)(rw);
    }
    lg_scoped_guard(lg_mutex, mutex) {
        lg_scoped_guard_or(plain_try, return 1, plain) {
            lg_scoped_guard(lg_rwmutex, rw) takes_nothing();
        }
    }
    if (text)
        lg_scoped_guard(plain, plain) takes_nothing();
    else
        lg_scoped_guard_or(plain_try, return 1, plain) {
            lg_guard(lg_mutex_try)(mutex);
            takes_nothing();
        }
    return lg_take_fd(fd);
}

lg_error *contains(handler *function, int n)
{
    lg_func (lg_error *, err) {
        lg_try(lg_call_contained(function, n), "call %d", n);
        lg_try(lg_call_contained(result_error, n));
        lg_error *other = lg_call_contained(takes_all, 1, 2UL, "three", get_handler());
        lg_error_free(other);
        lg_return(lg_call_contained(takes_nothing));
    }
}

lg_error *all_forms_in(lg_scope *other, int n)
{
    lg_func_recovers (lg_error *, err) {
        lg_scope(scope);
        if (n > 1)
            lg_defer_recover_in(&scope, stops);
        lg_defer_recover_in(other, stops_four, n, "b", 3, RED);
        lg_deferred *deferred = lg_defer_on_error_in(&scope, takes_nothing);
        lg_deferred_dismiss(n ? deferred : lg_defer_on_success_in(other, takes_wide, n, n, 0, 0));
        for (int i = 0; i < n; i++)
            lg_defer_contained_in(&scope, must_be_used, i);
        lg_defer_block {
            lg_scope(inner);
            lg_defer_on_error_in(&inner, takes_nothing);
        }
    }
}

void *takes(void *pointer, int fd)
{
    close(lg_take_fd(fd));
    return fd < 0 ? lg_take(pointer) : NULL;
}

void in_loops(int n, const char *const *texts)
{
    for (int i = 0; i < n; i++) {
        lg_defer(puts, texts[i]);
        lg_scope(scope);
        lg_defer_in(&scope, puts, texts[i]);
        lg_defer_block {
            n--;
        }
        if (i == 3)
            continue;
        if (i == 4)
            break;
        if (i == 5)
            goto out;
        while (n-- > 0) {
            lg_defer_as(named, puts, texts[n]);
            lg_deferred_dismiss(named);
        }
    }
    return;
out:
    takes_nothing();
}

void helper(lg_scope *scope, int n)
{
    for (int i = 0; i < n; i++)
        lg_defer_in(scope, takes_wide, i, i, 0, 0);
}

int result_int(int n)
{
    lg_func (int, result) {
        lg_defer_on_error(takes_nothing);
        lg_defer_on_success(takes_all, n, 2UL, "three", get_handler());
        for (int i = 0; i < n; i++) {
            if (i == 2)
                lg_return(i);
        }
        if (n > 7) {
            lg_mark_success();
            return n;
        }
        lg_mark_failure();
        result = 2;
    }
}

struct large result_large(int n)
{
    lg_func (struct large, result) {
        lg_defer(change, &result);
        result.word[0] = n;
        lg_return(result);
    }
}

struct large result_literal(int n)
{
    lg_func (struct large, result) {
        lg_return((struct large){{n, 1, 2}});
    }
}

const char *result_pointer(const char *text)
{
    lg_func (const char *, result) {
        result = text;
        lg_defer_block {
            result++;
        }
    }
}

double result_double(double x)
{
    lg_func (double, result) {
        lg_return(x);
    }
}

bool result_bool(int n)
{
    lg_func (bool, result) {
        if (n)
            lg_return(true);
        else
            lg_return(false);
    }
}

void result_none(int n)
{
    lg_func_void {
        lg_defer(takes_nothing);
        if (n)
            lg_return_void();
        takes_nothing();
    }
}

lg_error *result_error(int n)
{
    lg_func (lg_error *, err) {
        lg_defer(change_error, &err);
        lg_defer_contained(takes_nothing);
        lg_defer_contained(takes_all, n, 2UL, "three", get_handler());
        lg_defer_on_error(takes_nothing);
        lg_defer_on_success(takes_nothing);
        if (n == 1)
            lg_return(lg_error_new("one"));
        if (n == 2)
            lg_return(lg_error_newf("%d", n));
        if (n == 3)
            lg_return(&clean_error);
        if (n == 4)
            lg_return(lg_error_wrap(result_error(3), "four: %d", n));
        lg_return(NULL);
    }
}

lg_error *recovers_error(int n, const char *name)
{
    int number = n;
    const char *text = name;
    lg_func_recovers (lg_error *, err) {
        int counter = n, other = number;
        lg_defer_recover(stops);
        lg_defer_recover(stops_four, n, "b", sizeof(n), BLUE);
        for (int i = 0; i < n; i++) {
            lg_defer_recover(stops);
            counter += i;
            other ^= counter;
            if (counter > 100)
                lg_return(lg_error_newf("%s %d", text, other));
        }
        lg_defer_contained(takes_nothing);
        if (n > 10)
            lg_panic("%s: %d", name, counter);
        number++;
        text++;
        lg_return(NULL);
    }
}

void recovers_nothing(int n)
{
    lg_func_recovers_void {
        lg_defer_recover(stops);
        if (n)
            lg_return_void();
        lg_goexit();
    }
}

struct large recovers_large(int n)
{
    lg_func_recovers (struct large, result) {
        lg_defer_recover(stops);
        lg_defer(change, &result);
        result.word[n] = 1;
        lg_panic("large");
    }
}

int nested_functions(int n)
{
    int sum = 0;
    lg_defer_block {
        lg_defer_block {
            sum++;
        }
        lg_defer(takes_nothing);
        lg_scope(scope);
        lg_defer_in(&scope, takes_nothing);
        sum += n;
    }
    return sum;
}

void panics(int how, void *pointer)
{
    switch (how) {
    case 0: lg_panic("message");
    case 1: lg_panic("%s", "message");
    case 2: lg_panic_with_error(lg_error_new("error"));
    case 3: lg_panic_with_pointer(pointer);
    case 4: lg_exit(3);
    default: lg_goexit();
    }
}

const char *asks(lg_panic_info *panic)
{
    if (lg_panic_error(panic) || lg_panic_pointer(panic) || lg_panic_previous(panic))
        lg_error_free(lg_panic_take_error(panic));
    return lg_recover(panic) && lg_panic_line(panic) ? lg_panic_file(panic)
                                                     : lg_panic_message(panic);
}

void switches(int n)
{
    switch (n) {
    case 0: {
        lg_defer(takes_nothing);
        break;
    }
    default: {
        lg_defer_block {
            takes_nothing();
        }
    }
    }
}

void pending_calls(void)
{
    lg_pending_visit(visit, NULL);
    lg_pending_print(stdout);
    if (lg_pending_skipped_count() > 0)
        takes_nothing();
}

int synchronises(lg_mutex *mutex, lg_rwmutex *rw, lg_cond *cond, lg_semaphore *semaphore)
{
    static lg_once once = LG_ONCE_INIT;
    static lg_once_value value = LG_ONCE_VALUE_INIT;
    lg_waitgroup group = LG_WAITGROUP_INIT;
    const char *text = NULL;
    lg_once_do(&once, takes_nothing);
    lg_once_do(&once, must_be_used, 1);
    if (lg_once_do_until(&once, lg_until_forever(), takes_colour, RED) ||
        lg_once_get_until(&value, lg_until_timeout(LG_SECOND), &text, result_pointer, "text"))
        return 1;
    text = lg_once_get(&value, result_pointer, text);
    lg_waitgroup_go(&group, takes_nothing);
    lg_waitgroup_go(&group, takes_all, 1, 2UL, text, exit);
    lg_waitgroup_go(&group, must_be_used, 1);
    lg_waitgroup_wait(&group);
    lg_rwmutex_rlock(rw);
    lg_defer(lg_rwmutex_runlock, rw);
    lg_semaphore_acquire(semaphore, 2);
    lg_defer(lg_semaphore_release, semaphore, 2);
    lg_mutex_lock(mutex);
    lg_defer(lg_mutex_unlock, mutex);
    for (int i = 0; i < 2; i++) {
        lg_mutex_scoped_unlock(mutex);
        if (i == 1)
            break;
    }
    if (!lg_once_is_done(&once)) {
        lg_mutex_scoped_unlock(mutex);
        takes_nothing();
    }
    lg_cond_wait(cond, mutex);
    return lg_cond_wait_until(cond, mutex, lg_until_forever()) ? 1 : 0;
}

void goroutines(struct large *large, int n)
{
    lg_go(takes_nothing);
    lg_go(takes_all, n, 5UL, "text", (void (*)(int))NULL);
    if (n)
        lg_go(must_be_used, n);
    else
        lg_go_thread(takes_wide, 1L, 2LL, (size_t)3, (intptr_t)4);
    lg_go_owned(change, large, end_large);
    lg_go_with(((lg_go_options){.name = "clean", .stack_size = 1 << 20}), takes_colour, RED);
    /* Pure functions, though what they return is dropped. */
    lg_go(strlen, "text");
    lg_go(abs, n);
    lg_defer(strlen, "text");
    for (int i = 0; i < n; i++)
        lg_go(get_handler);
}

bool blocking_calls(struct large *large, int n)
{
    int (*pointer)(int) = must_be_used;
    lg_blocking(takes_nothing);
    lg_blocking(change, large);
    lg_blocking(takes_all, n, 5UL, "text", (void (*)(int))NULL);
    enum colour colour = lg_blocking(takes_colour, BLUE);
    const char *text = lg_blocking(result_pointer, "text");
    if (n)
        n = lg_blocking(pointer, n);
    else
        n += (int)lg_blocking(takes_wide, 1L, 2LL, (size_t)3, (intptr_t)4);
    return lg_blocking(result_bool, n) && text && colour == RED;
}

lg_chan(struct large) channels(lg_chan(int) numbers, lg_chan(const char *) texts, lg_until until)
{
    lg_chan(struct large) larges = lg_chan_make_owned(struct large, 3, end_large);
    lg_chan(char *) owned = lg_chan_make_owned(char *, 1, free);
    lg_chan(enum colour) colours = lg_chan_make(enum colour, lg_chan_cap(numbers));
    struct large large = {{0}};
    int number = 0;
    lg_defer(lg_chan_unref, owned);
    lg_defer(lg_chan_unref, colours);
    lg_defer(lg_chan_close, numbers);
    lg_go(fills, lg_chan_ref(numbers), (lg_chan(lg_chan(int)))NULL);
    lg_chan_send(numbers, number++);
    lg_chan_send(numbers, 'c');
    lg_chan_send(texts, "text");
    lg_chan_send(colours, RED);
    lg_chan_send(owned, strdup("text"));
    lg_chan_send(larges, (struct large){.word = {1, 2}});
    if (!lg_chan_try_send(larges, large) || lg_chan_send_until(larges, large, until) ||
        lg_chan_send_until(larges, (struct large){.word = {1, 2, 3}}, until) ||
        !lg_chan_recv(larges, &large) || lg_chan_try_recv(larges, NULL) ||
        lg_chan_recv_until(numbers, &number, lg_until_timeout(LG_SECOND)))
        lg_chan_recv(numbers, NULL);
    for (int i = 0; i < 2; i++)
        lg_chan_each (numbers, int, one)
            lg_chan_each (texts, const char *, text) {
                if (one == i)
                    continue;
                if (!text)
                    break;
                number += lg_chan_len(texts) > 1;
            }
    return larges;
}

void fills(lg_chan(int) numbers, lg_chan(lg_chan(int)) nested)
{
    lg_chan(int) inner;
    lg_defer(lg_chan_unref, numbers);
    if (lg_chan_recv(nested, &inner))
        lg_chan_send(nested, inner);
}

size_t selects(lg_chan(int) numbers, lg_chan(struct large) larges, lg_until until, bool *ok)
{
    struct large large = {{0}};
    int number = 0;
    lg_case cases[] = {lg_case_recv(numbers, &number, ok), lg_case_send_from(numbers, &number),
                       lg_case_default};
    switch (lg_select(lg_case_recv(numbers, &number, ok), lg_case_recv(larges, NULL, NULL),
                      lg_case_send(numbers, number++), lg_case_send(larges, large),
                      lg_case_send(larges, (struct large){.word = {1, 2}}), lg_case_until(until),
                      lg_case_default)) {
    case 0: return lg_select(lg_case_recv(larges, &large, NULL));
    case 1: return lg_select_n(cases, sizeof(cases) / sizeof(cases[0]));
    case 2: lg_select();
    }
    assert(lg_select(lg_case_recv(numbers, NULL, NULL), lg_case_default) == 1);
    return 0;
}

lg_error *groups(lg_group *outer, struct large *large, lg_until until)
{
    lg_func (lg_error *, err) {
        lg_group_scope(group, &err);
        lg_group_scope(silent, NULL);
        lg_group_go(&group, takes_nothing);
        lg_group_go(&group, result_error, 1);
        if (large)
            lg_group_go(outer, recovers_error, 1, "name");
        else
            lg_group_go_with(&silent, ((lg_go_options){.thread = true}), result_error, 2);
        lg_group_go_owned(&group, change, large, end_large);
        lg_group_go_with(&group, ((lg_go_options){.thread = true}), result_error, 1);
        if (lg_group_go_with(&group, ((lg_go_options){.until = (const lg_until[]){lg_until_now()}}), takes_nothing) ||
            lg_group_go_with(&group, ((lg_go_options){.name = "n", .until = (const lg_until[]){lg_until_now()}}), result_error, 1))
            lg_return(lg_group_go_with(&group, ((lg_go_options){.until = (const lg_until[]){until}}), takes_handler, get_handler(), 3));
        lg_return(lg_group_go_with(&group, ((lg_go_options){.until = (const lg_until[]){lg_until_timeout(LG_SECOND)}}), change, large));
    }
}

/* ---- starts until ready, supervisors, limits, calls at once, results of any type ---- */

static lg_error *supervised(const lg_context *ctx, struct large *large, int a, const char *b)
{
    (void)ctx, (void)large, (void)a, (void)b;
    return lg_member_ready() ? NULL : &lg_error_cancelled;
}

static void supervised_with_others(struct large *large, int a, int b, int c)
{
    (void)large, (void)a, (void)b, (void)c;
}

static void supervised_alone(const lg_context *ctx)
{
    (void)ctx;
}

lg_error *uses_starts(lg_group *group, lg_supervisor *all, struct large *large);
lg_error *uses_starts(lg_group *group, lg_supervisor *all, struct large *large)
{
    lg_func (lg_error *, err) {
        lg_try(lg_group_start(group, lg_until_timeout(LG_SECOND), takes_nothing));
        lg_try(lg_group_start_with(group, ((lg_go_options){.name = "n"}), result_error, 1));
        if (large)
            lg_try(lg_supervisor_go(all, supervised, large, 1, "b"));
        else
            lg_try(lg_supervisor_start(all, lg_until_forever(), supervised_alone));
        lg_try(lg_supervisor_go_with(all, ((lg_member_options){.restart = LG_RESTART_ALWAYS}), supervised_alone));
        lg_group_go_owned(group, supervised_with_others, large, 1, 2, 3, end_large);
        lg_go_owned(supervised_with_others, large, 1, 2, 3, end_large);
        lg_return(lg_supervisor_start_with(all, ((lg_member_options){0}), supervised, large, 1, "b"));
    }
}

lg_error *uses_limits(lg_scope *scope, lg_cleanups *cleanups, struct large *large);
lg_error *uses_limits(lg_scope *scope, lg_cleanups *cleanups, struct large *large)
{
    lg_func (lg_error *, err) {
        lg_at_once(calls, &err);
        lg_defer_within(LG_SECOND, &err, takes_nothing);
        lg_defer_within(2 * LG_SECOND, NULL, result_error, 1);
        if (large)
            lg_defer_within_in(scope, LG_SECOND, &err, end_large, large);
        else
            lg_defer_within_in(cleanups, LG_SECOND, NULL, takes_nothing);
        lg_defer_at_once(&calls, result_error, 1), lg_defer_at_once_within(&calls, LG_SECOND, end_large, large);
    }
}

static double half(int of)
{
    return of / 2.0;
}

double uses_values(lg_chan(double) numbers);
double uses_values(lg_chan(double) numbers)
{
    static lg_once_of(double) once;
    double other = 0;
    lg_error_free(lg_once_of_get_until(&once, lg_until_now(), &other, half, 3));
    return lg_once_of_get(&once, half, 3) + lg_chan_recv_value(numbers) + other;
}

/* Both parameters are restrict: the probes are no aliases. */
lg_error *restricted(FILE *file);
lg_error *restricted(FILE *file)
{
    lg_func (lg_error *, err) {
        lg_defer(fputs, "deferred", file);
        lg_defer_on_success(fputs, "on success", file);
        lg_return(NULL);
    }
}

/* An lg_until in every place. */
void serves(int connection, lg_until until);
void serves_all(lg_until until, const char *name, int count);

void passes_until(lg_until until, lg_group *group);
void passes_until(lg_until until, lg_group *group)
{
    lg_scope(scope);
    lg_defer(serves, 1, until);
    lg_defer_as(named, serves_all, until, "name", 2);
    lg_defer_in(&scope, serves, 3, lg_until_now());
    lg_go(serves, 4, until);
    lg_group_go(group, serves_all, lg_until_group(group), "name", 5);
    lg_blocking(serves, 6, until);
    lg_deferred_run(named);
}

/* gcc 12 -O0 had an internal error here without a variable before each guard: what a block calls turns out to throw nothing. */
static void throws_nothing(int *number)
{
    ++*number;
}

void guards_in_blocks(lg_mutex *mutex, int *number);
void guards_in_blocks(lg_mutex *mutex, int *number)
{
    {
        lg_guard(lg_mutex)(mutex);
        throws_nothing(number);
    }
    {
        lg_guard(lg_mutex)(mutex);
        {
            lg_guard(lg_mutex)(mutex);
            throws_nothing(number);
        }
    }
    lg_scoped_guard(lg_mutex, mutex) throws_nothing(number);
    lg_scoped_guard(lg_mutex, mutex) {
        lg_scoped_guard(lg_mutex, mutex) throws_nothing(number);
    }
}

/* Forms on lines that have the numbers of the forms around them. */
void numbers_and_lines(lg_group *group, int *number);
void numbers_and_lines(lg_group *group, int *number)
{
#if defined(__clang__) && __clang_major__ >= 22
#pragma clang diagnostic ignored "-Wc2y-extensions"
#endif
#line __COUNTER__
    lg_group_scope(inner, NULL);
    lg_group_go(&inner, throws_nothing, number);
#line __COUNTER__
    lg_defer(throws_nothing, number);
    lg_go(throws_nothing, number);
#line __COUNTER__
    lg_scope(scope);
    lg_group_go(group, throws_nothing, number);
#line __COUNTER__
    lg_defer_in(&scope, throws_nothing, number);
    lg_blocking(throws_nothing, number);
}

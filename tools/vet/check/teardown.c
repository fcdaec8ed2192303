/* release-order at the end of an object: a lock that is destroyed while it is held, what a thread still uses, and what a
 * library wants to be closed last. */
#include "check.h"
#include "harness.h"
#include "names.h"
#include "reach.h"
#include "walk.h"

#include <string.h>

static struct finding *report(struct ir *ir, struct arena *arena, finding_vec *findings, int index)
{
    const struct instr *call = at(ir, index);
    return finding_at(ir, arena, findings, "release-order", LEVEL_SURE, call);
}

/* ---- destroy(&lock) while it is held --------------------------------------------------------------- */

static bool destroys_lock(const struct instr *call)
{
    static const char *const what[] = {"mutex", "rwlock", "spin", "spinlock", "lock", "mtx", NULL};
    static const char *const how[] = {"destroy", "clear", "fini", NULL};
    return call->kind == I_CALL && !call->implicit && call->callee && call->arg_count == 1 &&
           call->args[0].place >= 0 && name_has_any(call->callee, what) &&
           name_has_any(call->callee, how);
}

struct key {
    int place, end;
};

static bool has_key(const struct instr *call, int place)
{
    for (int i = 0; i < call->arg_count; i++)
        if (call->args[i].place == place)
            return true;
    return false;
}

static enum reach find_unlock(const struct ir *ir, int index, void *data)
{
    const struct key *key = data;
    const struct instr *instr = at(ir, index);
    if (instr->kind != I_CALL || !instr->callee || !has_key(instr, key->place))
        return REACH_ON;
    return name_unlocks(instr->callee) && !destroys_lock(instr) ? REACH_FOUND : REACH_STOP;
}

static enum reach find_destroy(const struct ir *ir, int index, void *data)
{
    const struct key *key = data;
    const struct instr *instr = at(ir, index);
    if (index == key->end)
        return REACH_FOUND;
    bool other = instr->kind == I_CALL && (instr->implicit || has_key(instr, key->place));
    return other ? REACH_STOP : REACH_ON;
}

/* The call that takes the lock, which is still held at `end`; -1: none. */
static int locked_before(const struct ir *ir, int end, int place)
{
    struct key key = {place, end};
    for (int i = 0; i < ir->code.count; i++) {
        const struct instr *lock = at(ir, i);
        if (lock->kind == I_CALL && !lock->implicit && lock->callee && name_locks(lock->callee) &&
            has_key(lock, place) && reach(ir, lock->next, find_destroy, &key) >= 0)
            return i;
    }
    return -1;
}

static void check_held(struct ir *ir, struct arena *arena, finding_vec *findings, int index)
{
    const struct instr *call = at(ir, index);
    int place = call->args[0].place;
    int lock = locked_before(ir, index, place);
    if (lock < 0)
        return;
    struct key key = {place, -1};
    int unlock = reach(ir, call->next, find_unlock, &key);
    struct finding *finding = report(ir, arena, findings, index);
    finding->message = arena_format(arena, "'%s' is destroyed while it is held",
                                    place_text(ir, place));
    finding_note(arena, finding, at(ir, lock)->line, at(ir, lock)->column, "locked here");
    if (unlock >= 0)
        finding_note(arena, finding, at(ir, unlock)->line, at(ir, unlock)->column,
                     "unlocked only here");
    finding->advice = arena_format(arena, "unlock '%s' first, then destroy it",
                                   place_text(ir, place));
}

/* ---- what a thread or an interrupt still uses ------------------------------------------------------- */

static bool waits_for_user(const char *name)
{
    static const char *const names[] = {"pthread_join",
                                        "thrd_join",
                                        "g_thread_join",
                                        "uv_thread_join",
                                        "SDL_WaitThread",
                                        "free_irq",
                                        "kthread_stop",
                                        "del_timer_sync",
                                        "timer_delete_sync",
                                        "cancel_work_sync",
                                        "cancel_delayed_work_sync",
                                        "tasklet_kill",
                                        "timer_delete",
                                        "del_timer",
                                        "hrtimer_cancel",
                                        NULL};
    return word_in(name, names);
}

static bool plain_free(const char *name)
{
    static const char *const names[] = {"free",  "g_free", "kfree", "xfree",
                                        "vfree", "kvfree", NULL};
    return word_in(name, names);
}

/* What only names the object, or belongs to the thread itself. */
static bool is_label(const char *text)
{
    static const char *const words[] = {"name", "path", "title", "label",   "thread", "tid",
                                        "attr", "args", "irq",   "threads", NULL};
    const char *arrow = strrchr(text, '>'), *dot = strrchr(text, '.');
    const char *last = arrow > dot ? arrow : dot;
    return !last || name_has_any(last + 1, words);
}

struct user {
    int freed, root;
};

static enum reach find_wait(const struct ir *ir, int index, void *data)
{
    const struct user *user = data;
    const struct instr *instr = at(ir, index);
    bool null = instr->kind == I_ASSIGN && instr->left.kind == O_NUMBER;
    if (instr->dst >= 0 && place_within(ir, user->freed, instr->dst) && !null)
        return REACH_STOP;
    if (instr->kind != I_CALL || !instr->callee || !waits_for_user(instr->callee))
        return REACH_ON;
    for (int i = 0; i < instr->arg_count; i++) {
        int place = instr->args[i].place;
        if (place >= 0 && ir->places.at[place].root == user->root)
            return REACH_FOUND;
    }
    return REACH_ON;
}

static void check_user(struct ir *ir, struct arena *arena, finding_vec *findings, int index)
{
    const struct instr *call = at(ir, index);
    if (!plain_free(call->callee) || call->arg_count != 1 || call->args[0].kind != O_PLACE)
        return;
    int place = call->args[0].place;
    const struct place *freed = &ir->places.at[place];
    if (freed->kind != P_PART || strchr(freed->text, '[') || freed->text[0] == '*' ||
        is_label(freed->text))
        return;
    struct user user = {place, freed->root};
    int wait = reach(ir, call->next, find_wait, &user);
    if (wait < 0)
        return;
    struct finding *finding = report(ir, arena, findings, index);
    finding->about = place_text(ir, place);
    finding->level = LEVEL_LIKELY;
    finding->message = arena_format(arena, "'%s' is freed while what '%s' ends can still use it",
                                    place_text(ir, place), at(ir, wait)->callee);
    finding_note(arena, finding, at(ir, wait)->line, at(ir, wait)->column, "ended only here");
    finding->advice = arena_format(arena, "call %s first, then free '%s'", at(ir, wait)->callee,
                                   place_text(ir, place));
}

/* ---- what a library wants to be closed last ---------------------------------------------------------- */

static const char *const orders[][2] = {
    {"sqlite3_close", "sqlite3_finalize"},
    {"sqlite3_close", "sqlite3_blob_close"},
    {"sqlite3_close", "sqlite3_backup_finish"},
    {"sqlite3_shutdown", "sqlite3_close"},
    {"mysql_close", "mysql_stmt_close"},
    {"mysql_library_end", "mysql_close"},
    {"curl_global_cleanup", "curl_easy_cleanup"},
    {"curl_global_cleanup", "curl_multi_cleanup"},
    {"libusb_exit", "libusb_close"},
    {"FT_Done_FreeType", "FT_Done_Face"},
    {"event_base_free", "event_free"},
    {"event_base_free", "bufferevent_free"},
    {"event_base_free", "evconnlistener_free"},
    {"event_base_free", "evhttp_free"},
    {"XCloseDisplay", "XDestroyWindow"},
    {"XCloseDisplay", "XFreeGC"},
    {"XCloseDisplay", "XFreePixmap"},
    {"SDL_DestroyRenderer", "SDL_DestroyTexture"},
    {"SDL_DestroyWindow", "SDL_DestroyRenderer"},
    {"SDL_Quit", "SDL_DestroyWindow"},
    {"zip_close", "zip_fclose"},
    {"git_libgit2_shutdown", "git_repository_free"},
    {"ibv_close_device", "ibv_dealloc_pd"},
    {"ibv_dealloc_pd", "ibv_dereg_mr"},
    {"ibv_destroy_cq", "ibv_destroy_qp"},
    {"pcap_close", "pcap_dump_close"},
    {"mdb_env_close", "mdb_txn_abort"},
    {"mdb_env_close", "mdb_dbi_close"},
    {"mdb_txn_abort", "mdb_cursor_close"},
    {"pw_context_destroy", "pw_core_disconnect"},
    {"pw_main_loop_destroy", "pw_context_destroy"},
    {"wl_display_disconnect", "wl_surface_destroy"},
    {"wl_display_disconnect", "wl_registry_destroy"},
};

struct library_order {
    const char *child;
    int ended; /* what the call ends; -1: not known */
};

/* What is begun anew in between is another one. */
static enum reach find_child(const struct ir *ir, int index, void *data)
{
    const struct library_order *order = data;
    const struct instr *instr = at(ir, index);
    if (instr->kind == I_CALL && !instr->implicit && instr->callee &&
        strcmp(instr->callee, order->child) == 0)
        return REACH_FOUND;
    if (order->ended < 0)
        return REACH_ON;
    if (instr->dst == order->ended)
        return REACH_STOP;
    for (int i = 0; i < instr->arg_count; i++)
        if (instr->args[i].kind == O_ADDRESS && instr->args[i].place == order->ended)
            return REACH_STOP;
    return REACH_ON;
}

static bool reported(const struct ir *ir, const finding_vec *findings, int line)
{
    EACH (finding, findings)
        if (finding->line == line && finding->function == ir->function->name &&
            strcmp(finding->check, "release-order") == 0)
            return true;
    return false;
}

static void check_library(struct ir *ir, struct arena *arena, finding_vec *findings, int index)
{
    const struct instr *call = at(ir, index);
    for (size_t i = 0; i < sizeof(orders) / sizeof(*orders); i++) {
        if (strcmp(call->callee, orders[i][0]) != 0)
            continue;
        const char *child = orders[i][1];
        struct library_order order = {
            child, call->arg_count > 0 && call->args[0].kind == O_PLACE ? call->args[0].place : -1};
        int late = reach(ir, call->next, find_child, &order);
        if (late < index || reported(ir, findings, call->line))
            continue;
        struct finding *finding = report(ir, arena, findings, index);
        finding->message = arena_format(
            arena, "'%s' is called before '%s', which needs what it ends", call->callee, child);
        finding_note(arena, finding, at(ir, late)->line, at(ir, late)->column, "called only here");
        finding->advice = arena_format(arena, "call %s first", child);
        return;
    }
}

void check_teardowns(struct ir *ir, struct arena *arena, finding_vec *findings)
{
    bool test = is_of_test(ir);
    for (int i = 0; i < ir->code.count; i++) {
        const struct instr *call = at(ir, i);
        if (call->kind != I_CALL || call->implicit || call->indirect || !call->callee)
            continue;
        if (destroys_lock(call))
            check_held(ir, arena, findings, i);
        check_user(ir, arena, findings, i);
        if (!test)
            check_library(ir, arena, findings, i);
    }
}

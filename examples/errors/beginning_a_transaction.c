/* A helper begins a transaction for its caller: it registers, with the caller's scope, what runs if the caller succeeds, what
 * runs if it fails, and, if the caller asks for it, what stops a panic (D19). */
#include <stdio.h>

#include <lifoguard/lifoguard.h>

enum { CAREFUL = 1 };

struct db {
    int balance, before;
};

static void commit(struct db *db)
{
    printf("commit %d\n", db->balance);
}

static void roll_back(struct db *db)
{
    db->balance = db->before;
    printf("roll back to %d\n", db->balance);
}

static void become_error(lg_panic_info *panic, lg_error **result)
{
    lg_error_join_into(result, lg_panic_take_error(panic));
    lg_recover(panic);
}

static void begin(lg_scope *scope, struct db *db, int flags, lg_error **result)
{
    db->before = db->balance;
    lg_defer_on_success_in(scope, commit, db);
    lg_defer_on_error_in(scope, roll_back, db);
    if (flags & CAREFUL)
        lg_defer_recover_in(scope, become_error, result);
}

static lg_error *withdraw(struct db *db, int amount, int flags)
{
    lg_func_recovers (lg_error *, err) {
        lg_scope(transaction);
        begin(&transaction, db, flags, &err);
        db->balance -= amount;
        if (amount < 0)
            lg_panic("a negative amount");
        lg_return(db->balance < 0 ? lg_error_new("not enough") : NULL);
    }
}

int main(void)
{
    struct db db = {100, 0};
    static const int amounts[] = {30, 100, -5};
    for (int i = 0; i < 3; i++) {
        lg_error *err = withdraw(&db, amounts[i], CAREFUL);
        lg_defer(lg_error_free, err);
        lg_error_print(err, stdout);
    }
    return 0;
}

/* Mistake 6: counting on what a goroutine defers, without waiting for the goroutine. It runs when that
 * ends (G2), and never if the process ends before. And a panic that nothing stops ends the process
 * from every goroutine (P8), while only that goroutine's defers run: who expects one stops it at the
 * goroutine's top. */
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>

#include <lifoguard/lifoguard.h>

struct job {
    lg_waitgroup ready; // what it waits for before it begins
    lg_waitgroup done;
    atomic_bool cleaned_up;
};

static void clean_up(struct job *job)
{
    job->cleaned_up = true;
}

static void stop(lg_panic_info *panic)
{
    lg_recover(panic);
}

static void work(struct job *job)
{
    lg_func_recovers_void {
        lg_defer_recover(stop);
        lg_defer(clean_up, job);
        lg_waitgroup_wait(&job->ready);
        lg_panic("in the middle of the work");
    }
}

static void start(struct job *job)
{
    lg_waitgroup_add(&job->ready, 1);
    lg_waitgroup_go(&job->done, work, job);
}

static void let_work(struct job *job)
{
    lg_waitgroup_done(&job->ready);
}

static void wrong(struct job *job)
{
    start(job);
}

static void right(struct job *job)
{
    lg_defer(lg_waitgroup_wait, &job->done);
    start(job);
    let_work(job);
}

int main(void)
{
    static struct job first, second;
    wrong(&first);
    bool wrong_cleans_up = first.cleaned_up;
    printf("wrong: left %s the goroutine's cleanup\n", wrong_cleans_up ? "after" : "before");
    let_work(&first);

    right(&second);
    bool right_cleans_up = second.cleaned_up;
    printf("right: left %s the goroutine's cleanup\n", right_cleans_up ? "after" : "before");

    lg_waitgroup_wait(&first.done);
    return !wrong_cleans_up && right_cleans_up ? 0 : 1;
}

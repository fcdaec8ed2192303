/* A statically linked program: it has no loader, and whatever would load a library crashes. A panic of a goroutine is reported
 * there too. */
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <lifoguard/lifoguard.h>

static void panics(void)
{
    lg_panic("out of luck");
}

static void panics_in_a_goroutine(void)
{
    lg_waitgroup group = LG_WAITGROUP_INIT;
    lg_waitgroup_go(&group, panics);
    lg_waitgroup_wait(&group);
}

static bool is_reported(void (*in)(void))
{
    int status = 0;
    pid_t child = fork();
    if (child == 0) {
        in();
        _exit(0);
    }
    waitpid(child, &status, 0);
    return WIFEXITED(status) && WEXITSTATUS(status) == 2;
}

int main(void)
{
    bool here = is_reported(panics), there = is_reported(panics_in_a_goroutine);
    printf("%d %d\n", here, there);
    return here && there ? 0 : 1;
}

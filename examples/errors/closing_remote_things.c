/* Many remote things are closed at once, since each takes a round trip; one that takes too long is named, and a failure hides
 * no other (D20, D21). */
#include <stdio.h>

#include <lifoguard/lifoguard.h>

enum { SERVERS = 12 };

struct server {
    int number;
    lg_duration delay; /* of its answer */
    bool broken;
};

static lg_error *disconnect(const struct server *server)
{
    lg_sleep(server->delay);
    return server->broken ? lg_error_newf("server %d: broken pipe", server->number) : NULL;
}

static lg_error *use_all(const struct server *servers)
{
    lg_func (lg_error *, err) {
        lg_at_once(connections, &err);
        for (int i = 0; i < SERVERS; i++)
            lg_defer_at_once_within(&connections, LG_MINUTE, disconnect, &servers[i]);
        puts("connected to all");
    }
}

int main(void)
{
    struct server servers[SERVERS];
    for (int i = 0; i < SERVERS; i++)
        servers[i] = (struct server){i, (SERVERS - i) * LG_MILLISECOND, i == 3 || i == 8};
    lg_error *err = use_all(servers);
    lg_error_print(err, stdout);
    lg_error_free(err);
    return 0;
}

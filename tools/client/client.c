#define _GNU_SOURCE
#include "client.h"

#include "message.h"

#include <lifoguard/defer.h>
#include <stdlib.h>

int client_failed(const char *command, lg_error *err)
{
    lg_defer(lg_error_free, err);
    char *text = lg_error_text(err);
    lg_defer(free, text);
    print_message("%s: %s", command, text ? text : "out of memory");
    return EXIT_REQUEST_FAILED;
}

int client_request(const char *command, const struct buffer *fields, int64_t *value)
{
    char *directory = request_run_directory();
    lg_defer(free, directory);
    if (!directory)
        return client_failed(
            command,
            lg_error_new("this is not inside `lifoguard exec`: start the script by `lifoguard exec "
                         "SCRIPT`"));
    struct answer answer;
    lg_error *err = request_send(directory, fields, &answer);
    if (err)
        return client_failed(command, err);
    lg_defer(free, answer.text);
    if (value)
        *value = answer.value;
    if (answer.status == 0 || (answer.status == ANSWER_GONE && answer.again))
        return 0;
    print_message("%s: %s", command, answer.text);
    return answer.status == ANSWER_GONE ? EXIT_REQUEST_FAILED : (int)answer.status;
}

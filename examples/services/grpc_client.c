/* grpc_client: the order of rpc_client.c with gRPC's C core: the stream is ended, then the channel closed, then the
 * credentials released, then the library shut down. Each is deferred in the line after it was made.
 *
 * It asks a port of this machine where nobody answers: what is shown is the end, after a failure. */
#include <grpc/grpc.h>
#include <grpc/grpc_security.h>
#include <grpc/support/time.h>
#include <lifoguard/lifoguard.h>

static void library_shut_down(void)
{
    grpc_shutdown();
    puts("library shut down");
}

static void credentials_release(grpc_channel_credentials *credentials)
{
    grpc_channel_credentials_release(credentials);
    puts("credentials released");
}

static void channel_close(grpc_channel *channel)
{
    grpc_channel_destroy(channel);
    puts("channel closed");
}

static void queue_drain(grpc_completion_queue *queue)
{
    grpc_completion_queue_shutdown(queue);
    while (grpc_completion_queue_next(queue, gpr_inf_future(GPR_CLOCK_REALTIME), NULL).type !=
           GRPC_QUEUE_SHUTDOWN)
        ;
    grpc_completion_queue_destroy(queue);
}

/* Does nothing to a stream that has ended. */
static void stream_end(grpc_call *stream)
{
    grpc_call_cancel(stream, NULL);
    grpc_call_unref(stream);
    puts("stream ended");
}

static lg_error *ask(grpc_call *stream, grpc_completion_queue *queue, grpc_status_code *status)
{
    lg_func (lg_error *, err) {
        grpc_metadata_array initial, trailing;
        grpc_slice details = grpc_empty_slice();
        grpc_metadata_array_init(&initial);
        lg_defer(grpc_metadata_array_destroy, &initial);
        grpc_metadata_array_init(&trailing);
        lg_defer(grpc_metadata_array_destroy, &trailing);
        grpc_op ops[3] = {
            {.op = GRPC_OP_SEND_INITIAL_METADATA},
            {.op = GRPC_OP_RECV_INITIAL_METADATA,
             .data.recv_initial_metadata.recv_initial_metadata = &initial},
            {.op = GRPC_OP_RECV_STATUS_ON_CLIENT,
             .data.recv_status_on_client = {.trailing_metadata = &trailing,
                                            .status = status,
                                            .status_details = &details}},
        };
        if (grpc_call_start_batch(stream, ops, 3, stream, NULL) != GRPC_CALL_OK)
            lg_return(lg_error_new("the call could not be started"));
        grpc_event event = grpc_completion_queue_next(queue, gpr_inf_future(GPR_CLOCK_REALTIME),
                                                      NULL);
        grpc_slice_unref(details);
        lg_return(event.type == GRPC_OP_COMPLETE ? NULL : lg_error_new("the queue was shut down"));
    }
}

static lg_error *run(void)
{
    lg_func (lg_error *, err) {
        grpc_init();
        lg_defer(library_shut_down);
        grpc_channel_credentials *credentials = grpc_insecure_credentials_create();
        lg_defer(credentials_release, credentials);
        grpc_channel *channel = grpc_channel_create("127.0.0.1:1", credentials, NULL);
        lg_defer(channel_close, channel);
        grpc_completion_queue *queue = grpc_completion_queue_create_for_next(NULL);
        lg_defer(queue_drain, queue);
        grpc_call *stream = grpc_channel_create_call(
            channel, NULL, GRPC_PROPAGATE_DEFAULTS, queue,
            grpc_slice_from_static_string("/example/Ask"), NULL,
            gpr_time_add(gpr_now(GPR_CLOCK_REALTIME), gpr_time_from_seconds(5, GPR_TIMESPAN)),
            NULL);
        lg_defer(stream_end, stream);

        grpc_status_code status = GRPC_STATUS_OK;
        err = ask(stream, queue, &status);
        if (!err)
            puts(status == GRPC_STATUS_UNAVAILABLE ? "unavailable" : "another status");
        lg_return(err);
    }
}

int main(void)
{
    lg_error *err = run();
    if (!err)
        return 0;
    lg_error_print(err, stderr);
    lg_error_free(err);
    return 1;
}

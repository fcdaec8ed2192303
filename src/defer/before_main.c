#include "defer/before_main.h"

#include <pthread.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

#include "defer/process_threads.h"

#ifdef __GLIBC__
/* What pthread_cleanup_push used to be made of: the first links a buffer to those of the thread, of which the outermost is
 * that of what started the thread, or main. */
extern void __pthread_register_cancel(__pthread_unwind_buf_t *buffer) __attribute__((weak));
extern void __pthread_unregister_cancel(__pthread_unwind_buf_t *buffer) __attribute__((weak));

bool lgi_is_before_main(void)
{
    __pthread_unwind_buf_t buffer;
    if (!__pthread_register_cancel || !__pthread_unregister_cancel)
        return false;
    __pthread_register_cancel(&buffer);
    __pthread_unregister_cancel(&buffer);
    return buffer.__pad[0] == NULL;
}
#else
/* Other libraries do not tell. Their pthread_exit ends the first thread wherever it is called. */
bool lgi_is_before_main(void)
{
    return false;
}
#endif

void lgi_end_thread(void)
{
    enum { EACH_US = 10000 };
    if (!lgi_is_before_main())
        pthread_exit(NULL);
    while (lgi_count_threads() != 1)
        usleep(EACH_US);
    exit(0);
}

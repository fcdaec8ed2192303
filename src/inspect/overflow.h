/* Telling a stack overflow from another fault. */
#ifndef LGI_INSPECT_OVERFLOW_H
#define LGI_INSPECT_OVERFLOW_H

void lgi_overflow_begin(void); /* once */
void lgi_overflow_thread_begin(
    void); /* on each thread that runs goroutines, or calls of the program */
void lgi_overflow_thread_end(void); /* before such a thread ends */

#endif

/* One who never has to wait is not to keep the others of its thread from running: a peer that is faster than we are. */
#ifndef LGI_IO_FAIRNESS_H
#define LGI_IO_FAIRNESS_H

/* A call was done at once; now and then this lets others run. */
void lgi_io_done_at_once(void);

/* Somebody has waited. */
void lgi_io_waited(void);

#endif

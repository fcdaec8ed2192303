/* A file without a name. */
#ifndef LIFOGUARD_BASE_SCRATCH_H
#define LIFOGUARD_BASE_SCRATCH_H

/* A descriptor for reading and writing, closed by exec; -1 and errno. `name` is for who looks at the process. */
int scratch_open(const char *name);

#endif

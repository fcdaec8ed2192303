/* What the fragments of docs/from-other-languages.md use and do not declare. */
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The main function of examples/errors/transform.c, under the name that the build gives it for the test. */
#ifndef LG_TRANSFORM_MAIN_H
#define LG_TRANSFORM_MAIN_H

int transform_main(int argc, char **argv);

#endif

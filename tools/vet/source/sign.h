/* The signs of comparisons. Another sign stays as it is. */
#ifndef VET_SIGN_H
#define VET_SIGN_H

int sign_negated(int sign);  /* a < b is false: a >= b */
int sign_mirrored(int sign); /* a < b: b > a */

#endif

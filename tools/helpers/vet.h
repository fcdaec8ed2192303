/* `lifoguard vet` starts the program lifoguard-vet, which is a package of its own. */
#ifndef LIFOGUARD_HELPERS_VET_H
#define LIFOGUARD_HELPERS_VET_H

/* `arguments` begin after the word vet. Returns only if there is no such program: 2. */
int run_vet(int count, char **arguments);

#endif

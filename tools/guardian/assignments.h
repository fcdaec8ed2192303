/* Lists of NAME=VALUE, which end in NULL, and own their texts. */
#ifndef LIFOGUARD_GUARDIAN_ASSIGNMENTS_H
#define LIFOGUARD_GUARDIAN_ASSIGNMENTS_H

/* For lg_defer. */
void assignments_free(char **list);

char **assignments_copy(const char *const *list);

/* The assignment of a variable, named by itself or by another assignment of it; NULL: none. */
const char *assignments_find(const char *const *list, const char *name);

/* Sets a variable; an assignment without "=" unsets it. */
void assignments_set(char ***list, const char *assignment);
void assignments_set_value(char ***list, const char *name, const char *value);

/* What `wanted` has and `base` has not, and the names of the variables that only `base` has. */
char **assignments_changes(const char *const *base, const char *const *wanted);

/* The names alone. */
char **assignments_names(const char *const *assignments);

#endif

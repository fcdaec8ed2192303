int right_here(const char *name);
int wrong_here(const char *name);

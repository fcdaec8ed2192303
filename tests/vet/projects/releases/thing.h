struct thing *thing_make(int size);
void tidy_up(struct thing *thing);
int thing_size(struct thing *thing);

int show_line(FILE *file, int number);
int show_all(FILE *file);

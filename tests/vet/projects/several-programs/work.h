int work_on(char *text);

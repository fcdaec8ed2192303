struct table {
    char **rows;
    int count;
};
void table_prepare(struct table *table, int count);
void table_over(struct table *table);

#include "table.h"

void table_prepare(struct table *table, int count)
{
    table->rows = calloc(count, sizeof *table->rows);
    table->count = count;
}

void table_over(struct table *table)
{
    free(table->rows);
}

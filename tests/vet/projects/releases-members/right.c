#include "table.h"

int fill_table(int count)
{
    struct table table = {0};
    if (table_load(&table, count) < 0) {
        table_free(&table);
        return -1;
    }
    if (count > 100) {
        table_over(&table);
        return -1;
    }
    table_free(&table);
    return 0;
}

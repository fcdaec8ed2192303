/* Names and pages of all checks. */
#ifndef VET_PAGES_H
#define VET_PAGES_H

struct check_page {
    const char *name, *page;
};
extern const struct check_page check_pages[];
extern const int check_page_count;
const struct check_page *check_page_find(const char *name);

#endif

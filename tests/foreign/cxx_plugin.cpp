/* C++ that arrives by dlopen: what is thrown again after a wait is the goroutine's own. */
#include <cstdio>
#include <exception>
#include <stdexcept>
#include <string>

extern "C" void wait_a_little(int number);
extern "C" int cxx_work(int number);

extern "C" int cxx_work(int number)
{
    int wrong = 0;
    for (int i = 0; i < 20; i++) {
        std::string mine = "exception of goroutine " + std::to_string(number) + ", round " +
                           std::to_string(i);
        try {
            try {
                throw std::runtime_error(mine);
            } catch (const std::exception &) {
                wait_a_little(number);
                throw;
            }
        } catch (const std::exception &caught) {
            wrong += mine != caught.what();
        }
        wrong += std::uncaught_exceptions() != 0;
    }
    return wrong;
}

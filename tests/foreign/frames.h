/* Frames of C++, to stand between frames of C. */
#ifndef LG_TEST_FRAMES_H
#define LG_TEST_FRAMES_H

#ifdef __cplusplus
extern "C" {
#endif

/* The C side's. */
void frames_note(const char *word);

/* With a variable that has a destructor, which notes "~frame". */
void frames_call(void (*call)(void));
/* Throws what() == "thrown". */
void frames_throw(void);
/* Catches C++ exceptions: notes "caught:" and what(). */
void frames_catch(void (*call)(void));
/* Catch all: one forgets, one passes on. */
void frames_swallow(void (*call)(void));
void frames_rethrow(void (*call)(void));
void frames_noexcept(void (*call)(void));
/* Throws and catches within itself. */
void frames_throw_and_catch(void);

#ifdef __cplusplus
}
#endif
#endif

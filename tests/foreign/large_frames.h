/* Functions of a library that knows nothing of goroutines: compiled without -fstack-clash-protection, so that a frame does
 * not touch its pages as it grows. Each has a buffer of so many KB, and writes a line to the buffer's beginning. */
#ifndef LG_TEST_LARGE_FRAMES_H
#define LG_TEST_LARGE_FRAMES_H

#define LARGE_FRAMES(X) X(130) X(150) X(160) X(200) X(256) X(300) X(384) X(512) X(900)

#define LARGE_FRAME_DECLARATION(kb) void frame_of_##kb##_kb(void);
LARGE_FRAMES(LARGE_FRAME_DECLARATION)

#endif

/* The 12 bytes in front of everything. */
#include "yamux/frame.h"

#include <check.h>
#include <stdlib.h>

START_TEST(a_header_has_the_layout_of_the_specification)
{
	static const uint8_t want[FRAME_SIZE] = { 0, 1, 0, 5, 1, 2, 3, 4, 0xfa,
		0xfb, 0xfc, 0xfd };
	struct frame_header h = { FRAME_WINDOW, FRAME_SYN | FRAME_FIN,
		0x01020304, 0xfafbfcfd };
	uint8_t got[FRAME_SIZE];
	frame_put(got, &h);
	ck_assert_mem_eq(got, want, FRAME_SIZE);
}
END_TEST

START_TEST(a_header_comes_back_as_it_was_put)
{
	struct frame_header h = { FRAME_GO_AWAY, 0xffff, UINT32_MAX,
		UINT32_MAX };
	struct frame_header again = { 0 };
	uint8_t bytes[FRAME_SIZE];
	frame_put(bytes, &h);
	ck_assert(frame_get(bytes, &again));
	ck_assert_uint_eq(again.type, h.type);
	ck_assert_uint_eq(again.flags, h.flags);
	ck_assert_uint_eq(again.stream, h.stream);
	ck_assert_uint_eq(again.length, h.length);
}
END_TEST

START_TEST(another_version_is_refused)
{
	const uint8_t bytes[FRAME_SIZE] = { 1 };
	struct frame_header h;
	ck_assert(!frame_get(bytes, &h));
}
END_TEST

START_TEST(an_unknown_type_is_refused)
{
	for (unsigned type = FRAME_GO_AWAY + 1; type < 256; type++) {
		const uint8_t bytes[FRAME_SIZE] = { 0, (uint8_t)type };
		struct frame_header h;
		ck_assert(!frame_get(bytes, &h));
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("yamux frame");
	TCase *tc = tcase_create("frame");
	tcase_add_test(tc, a_header_has_the_layout_of_the_specification);
	tcase_add_test(tc, a_header_comes_back_as_it_was_put);
	tcase_add_test(tc, another_version_is_refused);
	tcase_add_test(tc, an_unknown_type_is_refused);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

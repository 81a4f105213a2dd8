#include "zoom/address.h"

#include <arpa/inet.h>
#include <check.h>
#include <stdlib.h>
#include <string.h>

static bool is_public(const char *text)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };
	if (inet_pton(AF_INET, text, &v4.sin_addr) == 1)
		return zoom_address_is_public((const struct sockaddr *)&v4);
	ck_assert_msg(
	    inet_pton(AF_INET6, text, &v6.sin6_addr) == 1, "%s", text);
	return zoom_address_is_public((const struct sockaddr *)&v6);
}

static const char *const public[] = { "1.1.1.1", "9.255.255.255", "11.0.0.0",
	"100.63.255.255", "100.128.0.0", "126.255.255.255", "128.0.0.0",
	"169.253.255.255", "170.114.0.1", "172.15.255.255", "172.32.0.0",
	"192.167.255.255", "192.169.0.0", "198.17.255.255", "198.20.0.0",
	"223.255.255.255", "2407:30c0::1", "2600:9000::1", "3ffe::1",
	"::ffff:1.1.1.1", "64:ff9b::101:101" };

START_TEST(addresses_of_the_internet_are_public)
{
	ck_assert_msg(is_public(public[_i]), "%s", public[_i]);
}
END_TEST

static const char *const special[] = { "0.0.0.0", "0.1.2.3", "10.0.0.0",
	"10.255.255.255", "100.64.0.0", "100.127.255.255", "127.0.0.1",
	"127.255.255.255", "169.254.169.254", "172.16.0.0", "172.31.255.255",
	"192.0.0.8", "192.0.2.1", "192.168.0.0", "192.168.255.255",
	"198.18.0.0", "198.19.255.255", "198.51.100.1", "203.0.113.1",
	"224.0.0.1", "240.0.0.1", "255.255.255.255", "::", "::1", "fc00::1",
	"fdff::1", "fe80::1", "fec0::1", "ff02::1", "2001:db8::1", "2001::1",
	"2002:a00::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1",
	"64:ff9b::a00:1" };

START_TEST(addresses_of_special_use_are_not)
{
	ck_assert_msg(!is_public(special[_i]), "%s", special[_i]);
}
END_TEST

START_TEST(other_families_are_not_public)
{
	const struct sockaddr address = { .sa_family = AF_UNIX };
	ck_assert(!zoom_address_is_public(&address));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("zoom_address");
	TCase *tests = tcase_create("address");
	tcase_add_loop_test(tests, addresses_of_the_internet_are_public, 0,
	    (int)(sizeof(public) / sizeof(public[0])));
	tcase_add_loop_test(tests, addresses_of_special_use_are_not, 0,
	    (int)(sizeof(special) / sizeof(special[0])));
	tcase_add_test(tests, other_families_are_not_public);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

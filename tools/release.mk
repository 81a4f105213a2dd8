# What goes with a release, beside the bundle itself.

.PHONY: deploy sign patch reproducible

## deploy     upload the bundle: MM_SERVICESETTINGS_SITEURL with MM_ADMIN_TOKEN, or
##            with MM_ADMIN_USERNAME and MM_ADMIN_PASSWORD
deploy: dist
	@tools/deploy.py $(BUNDLE)

## sign       the signature that a server checks, with the key GPG_KEY=...
sign: dist
	@test -n "$(GPG_KEY)" || { echo "sign: say whose key: make sign GPG_KEY=..." >&2; exit 1; }
	gpg --batch --yes --local-user "$(GPG_KEY)" --output $(BUNDLE).sig --detach-sign $(BUNDLE)
	gpg --batch --verify $(BUNDLE).sig $(BUNDLE)

## patch      ask Debian for newer libraries; a new patch version where there are any
patch: setup-build
	@tools/patch.sh $(VERSION)

## reproducible  build all of it once more elsewhere, and compare the bytes
reproducible: dist
	@tools/reproducible.sh $(BUNDLE)

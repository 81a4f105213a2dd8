package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"zoomdev/mmhost"
)

// runCommand runs a command in the top folder, with more in its environment.
func runCommand(t *testing.T, env []string, command ...string) (string, error) {
	t.Helper()
	c := exec.CommandContext(t.Context(), command[0], command[1:]...)
	c.Dir, c.Env = root(), append(os.Environ(), env...)
	out, err := c.CombinedOutput()
	return string(out), err
}

func mustRun(t *testing.T, env []string, command ...string) string {
	t.Helper()
	out, err := runCommand(t, env, command...)
	if err != nil {
		t.Fatalf("%s: %v\n%s", strings.Join(command, " "), err, out)
	}
	return out
}

func installed(t *testing.T, host *mmhost.Host) string {
	t.Helper()
	plugins, _, err := host.Admin.GetPlugins(t.Context())
	check(t, err)
	var ids []string
	for _, plugin := range append(plugins.Active, plugins.Inactive...) {
		ids = append(ids, plugin.Id)
	}
	return strings.Join(ids, " ")
}

// Goal: a server that wants signed plugins takes what make sign has signed, and
// nothing that differs from it in one bit.
func TestSignedBundle(t *testing.T) {
	gpgHome, err := os.MkdirTemp("", "gpg") // a short name: its agent listens in it
	check(t, err)
	gpg := []string{"GNUPGHOME=" + gpgHome}
	t.Cleanup(func() {
		runCommand(t, gpg, "gpgconf", "--kill", "all")
		check(t, os.RemoveAll(gpgHome))
	})
	mustRun(t, gpg, "gpg", "--batch", "--passphrase", "", "--quick-generate-key", "release@example.com", "rsa3072", "sign", "never")
	key := filepath.Join(t.TempDir(), "key.gpg")
	mustRun(t, gpg, "gpg", "--batch", "--output", key, "--export", "release@example.com")
	bundle := filepath.Join(t.TempDir(), "zoom.tar.gz")
	mustRun(t, gpg, "make", "-s", "sign", "GPG_KEY=release@example.com", "BUNDLE="+bundle)

	for _, row := range []struct {
		name, want string
		change     func(content []byte)
	}{
		{"as signed", "zoom", func([]byte) {}},
		{"changed", "", func(content []byte) { content[9] ^= 1 }}, // which system packed it: no one cares
	} {
		t.Run(row.name, func(t *testing.T) {
			files := t.TempDir()
			check(t, os.MkdirAll(filepath.Join(files, "plugins"), 0o755))
			for _, suffix := range []string{"", ".sig"} {
				content, err := os.ReadFile(bundle + suffix)
				check(t, err)
				if suffix == "" {
					row.change(content)
				}
				check(t, os.WriteFile(filepath.Join(files, "plugins", "zoom.tar.gz"+suffix), content, 0o644))
			}
			dsn, err := postgres.NewDatabase("")
			check(t, err)
			host := startNode(t, mmhost.Options{DSN: dsn, FilesDir: files, PluginKey: key})
			if got := installed(t, host); got != row.want {
				t.Errorf("installed: %q, want %q", got, row.want)
			}
		})
	}
}

// Goal: make deploy uploads and enables, with a token or with a password, and
// says in the server's words why it does not.
func TestDeploy(t *testing.T) {
	host := startHost(t)
	token, _, err := host.Admin.CreateUserAccessToken(t.Context(), host.AdminUser.Id, "deploy")
	check(t, err)
	bundle := zoomBundle(t)
	site := "MM_SERVICESETTINGS_SITEURL=" + host.URL + "/"
	for _, row := range []struct {
		name string
		env  []string
		want string
	}{
		{"nobody", nil, "MM_ADMIN_TOKEN"},
		{"wrong password", []string{"MM_ADMIN_USERNAME=" + mmhost.AdminName, "MM_ADMIN_PASSWORD=wrong"}, "401"},
		{"password", []string{"MM_ADMIN_USERNAME=" + mmhost.AdminName, "MM_ADMIN_PASSWORD=" + mmhost.Password}, "uploaded and enabled zoom"},
		{"token", []string{"MM_ADMIN_TOKEN=" + token.Token}, "uploaded and enabled zoom"},
	} {
		out, err := runCommand(t, append(row.env, site), "tools/deploy.py", bundle)
		if (err == nil) != strings.HasPrefix(row.want, "uploaded") {
			t.Errorf("%s: %v", row.name, err)
		}
		contains(t, out, row.want)
		if err == nil && installed(t, host) != "zoom" {
			t.Errorf("%s: installed %q", row.name, installed(t, host))
		}
		if err == nil {
			check(t, host.DisablePlugin("zoom"))
		}
	}
	if out, err := runCommand(t, []string{"MM_SERVICESETTINGS_SITEURL=http://127.0.0.1:1", "MM_ADMIN_TOKEN=x"}, "tools/deploy.py", bundle); err == nil ||
		!strings.Contains(out, "cannot reach") {
		t.Error(fmt.Sprint(err), out)
	}
}

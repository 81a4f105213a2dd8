package mmhost

import (
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"runtime"
	"sort"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/lib/pq"
)

// ErrNoPostgres is returned where no PostgreSQL server is installed.
var ErrNoPostgres = errors.New("PostgreSQL is not installed (no /usr/lib/postgresql/*/bin/postgres)")

// Postgres is one running PostgreSQL server. It listens on a Unix socket in its
// own folder only, and is set up for speed: a crash of the machine loses it all.
type Postgres struct {
	data, sockets string // folders
	log           string // file
	scratch       *scratch
	cmd           *exec.Cmd
	ended         chan struct{} // closed once the process has been waited for
	count         atomic.Int64
}

const pgUser = "mattermost"

// StartPostgres starts a server with its data in dir, which must be new or empty
// and is removed by Stop; "" means a temporary folder. Whoever is root needs a
// dir that the user "postgres" can reach, as PostgreSQL refuses to run as root.
func StartPostgres(dir string) (_ *Postgres, err error) {
	bin, err := postgresBin()
	if err != nil {
		return nil, err
	}
	run, err := runAs()
	if err != nil {
		return nil, err
	}
	p := &Postgres{ended: make(chan struct{})}
	if p.scratch, err = newScratch("pg"); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, p.removeFolders())
		}
	}()
	p.data, p.sockets, p.log = p.scratch.path("data"), p.scratch.path("s"), p.scratch.path("log")
	if dir != "" {
		if p.data, err = emptyFolder(dir); err != nil {
			return nil, err
		}
	}
	for _, folder := range []string{p.data, p.sockets} {
		if err = os.MkdirAll(folder, 0o700); err != nil {
			return nil, err
		}
		if err = run.own(folder); err != nil {
			return nil, err
		}
	}
	if err = p.fill(bin, run); err != nil {
		return nil, err
	}
	if err = p.launch(bin, run); err != nil {
		return nil, err
	}
	return p, nil
}

// NewDatabase creates an empty database and returns its address for
// SqlSettings.DataSource. With an empty name it makes one up.
func (p *Postgres) NewDatabase(name string) (string, error) {
	if name == "" {
		name = fmt.Sprintf("mm%d", p.count.Add(1))
	}
	err := p.exec("CREATE DATABASE " + pq.QuoteIdentifier(name) + " TEMPLATE template0")
	if err != nil {
		return "", fmt.Errorf("database %s: %w", name, err)
	}
	return p.dsn(name), nil
}

// PID is the process id of the server.
func (p *Postgres) PID() int { return p.cmd.Process.Pid }

// Stop ends the server with whoever is connected, and removes its folder. It
// takes 10 s at most; nothing is left even if it fails. A second call does
// nothing.
func (p *Postgres) Stop() error {
	// Fast, immediate, and by force.
	var err error
	for _, how := range []syscall.Signal{syscall.SIGINT, syscall.SIGQUIT, syscall.SIGKILL} {
		err = p.cmd.Process.Signal(how)
		if errors.Is(err, os.ErrProcessDone) {
			err = nil
		}
		select {
		case <-p.ended:
			return errors.Join(err, p.removeFolders())
		case <-time.After(3 * time.Second):
		}
	}
	return errors.Join(fmt.Errorf("PostgreSQL (process %d) does not end", p.PID()), err)
}

func (p *Postgres) removeFolders() error {
	var err error
	if p.data != "" {
		err = os.RemoveAll(p.data)
	}
	return errors.Join(err, p.scratch.remove())
}

func (p *Postgres) dsn(database string) string {
	u := url.URL{Scheme: "postgres", User: url.User(pgUser), Path: "/" + database}
	u.RawQuery = url.Values{
		"host": {p.sockets}, "sslmode": {"disable"}, "connect_timeout": {"10"}, "binary_parameters": {"yes"},
	}.Encode()
	return u.String()
}

func (p *Postgres) exec(statement string) error {
	db, err := sql.Open("postgres", p.dsn("postgres"))
	if err != nil {
		return err
	}
	defer db.Close()
	_, err = db.Exec(statement)
	return err
}

func (p *Postgres) launch(bin string, run identity) error {
	log, err := os.Create(p.log)
	if err != nil {
		return err
	}
	defer log.Close()
	args := []string{"-D", p.data, "-k", p.sockets}
	for _, setting := range []string{
		"listen_addresses=", "fsync=off", "synchronous_commit=off", "full_page_writes=off",
		"shared_buffers=64MB", "jit=off", "max_parallel_workers_per_gather=0",
		"dynamic_shared_memory_type=mmap", // nothing in /dev/shm, which outlives a killed server
	} {
		args = append(args, "-c", setting)
	}
	p.cmd = run.command(filepath.Join(bin, "postgres"), args...)
	p.cmd.Stdout, p.cmd.Stderr = log, log
	// A group of its own keeps the terminal's Ctrl-C away from it.
	p.cmd.SysProcAttr.Setpgid = true
	p.cmd.SysProcAttr.Pdeathsig = syscall.SIGQUIT
	started := make(chan error)
	go func() {
		// The kernel means the thread, not the process, when it says that
		// the parent died: this one lives as long as the server.
		runtime.LockOSThread()
		err := p.cmd.Start()
		started <- err
		if err == nil {
			p.cmd.Wait() // how it ended is told by its log
		}
		close(p.ended)
	}()
	if err := <-started; err != nil {
		return fmt.Errorf("start PostgreSQL: %w", err)
	}
	var last error
	if within(20*time.Second, func() bool {
		last = p.exec("SELECT 1")
		select {
		case <-p.ended:
			return true
		default:
			return last == nil
		}
	}) && last == nil {
		return nil
	}
	said := tail(p.log)
	return errors.Join(fmt.Errorf("PostgreSQL does not come up (%w): %s", last, said), p.Stop())
}

// fill puts a fresh cluster into the data folder: a copy of the one in the
// user's cache, or a new one, which then goes there.
func (p *Postgres) fill(bin string, run identity) error {
	cached, err := templateFolder(bin)
	if err != nil {
		return err
	}
	if cached != "" {
		if _, err := os.Stat(filepath.Join(cached, "PG_VERSION")); err == nil {
			return copyTree(cached, p.data, run)
		}
	}
	initdb := run.command(filepath.Join(bin, "initdb"), "-D", p.data, "-U", pgUser, "-A", "trust", "-E", "UTF8",
		"--locale=C.UTF-8", "--no-sync", "--no-instructions", "--wal-segsize=1")
	if out, err := initdb.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w: %s", err, strings.TrimSpace(string(out)))
	}
	if cached == "" {
		return nil
	}
	// Complete before it gets its name; whoever comes second throws his away.
	if err := os.MkdirAll(filepath.Dir(cached), 0o755); err != nil {
		return err
	}
	draft, err := os.MkdirTemp(filepath.Dir(cached), "draft-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(draft)
	if err := copyTree(p.data, draft, identity{}); err != nil {
		return err
	}
	if err := os.Rename(draft, cached); err != nil && !errors.Is(err, fs.ErrExist) && !errors.Is(err, syscall.ENOTEMPTY) {
		return err
	}
	return nil
}

// templateFolder is where the cluster of this very PostgreSQL is kept, or ""
// for a user without a cache folder.
func templateFolder(bin string) (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", nil
	}
	out, err := exec.Command(filepath.Join(bin, "postgres"), "--version").Output()
	if err != nil {
		return "", fmt.Errorf("postgres --version: %w", err)
	}
	version := "unknown"
	if words := strings.Fields(string(out)); len(words) >= 3 {
		version = filepath.Base(words[2])
	}
	return filepath.Join(cache, "zoom-mattermost", "postgres-"+version), nil
}

// copyTree copies folders and plain files, which is all a cluster has, into an
// existing folder.
func copyTree(from, to string, owner identity) error {
	return filepath.WalkDir(from, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		target := filepath.Join(to, rel)
		if entry.IsDir() {
			if err := os.MkdirAll(target, 0o700); err != nil {
				return err
			}
			return owner.own(target)
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if err := os.WriteFile(target, content, 0o600); err != nil {
			return err
		}
		return owner.own(target)
	})
}

// emptyFolder makes the folder, or refuses one that holds something: Stop will
// remove it.
func emptyFolder(dir string) (string, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", err
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return "", err
	}
	if len(entries) > 0 {
		return "", fmt.Errorf("%s is not empty", dir)
	}
	if os.Getuid() != 0 {
		return dir, nil
	}
	for up := filepath.Dir(dir); ; up = filepath.Dir(up) {
		if info, err := os.Stat(up); err != nil || info.Mode()&0o001 == 0 {
			return "", fmt.Errorf("%s: the user postgres cannot get through %s", dir, up)
		}
		if up == "/" {
			return dir, nil
		}
	}
}

// postgresBin finds the newest installed server: Debian keeps them off PATH.
func postgresBin() (string, error) {
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/postgres")
	if err != nil {
		return "", err
	}
	version := func(i int) int {
		n, _ := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(found[i]))))
		return n
	}
	sort.Slice(found, func(i, j int) bool { return version(i) > version(j) })
	if len(found) > 0 {
		return filepath.Dir(found[0]), nil
	}
	if path, err := exec.LookPath("postgres"); err == nil {
		return filepath.Dir(path), nil
	}
	return "", ErrNoPostgres
}

// identity is whom PostgreSQL runs as; the zero value is whoever asks.
type identity struct{ credential *syscall.Credential }

func runAs() (identity, error) {
	if os.Getuid() != 0 {
		return identity{}, nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		return identity{}, fmt.Errorf("PostgreSQL does not run as root and needs a user: %w", err)
	}
	uid, err := strconv.ParseUint(u.Uid, 10, 32)
	if err != nil {
		return identity{}, err
	}
	gid, err := strconv.ParseUint(u.Gid, 10, 32)
	if err != nil {
		return identity{}, err
	}
	return identity{&syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}, nil
}

func (i identity) own(path string) error {
	if i.credential == nil {
		return nil
	}
	return os.Chown(path, int(i.credential.Uid), int(i.credential.Gid))
}

func (i identity) command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(name, args...)
	cmd.Dir = "/" // a working directory that this user can read
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: i.credential}
	return cmd
}

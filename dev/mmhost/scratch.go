package mmhost

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// A scratch is a temporary folder that is known to be in use: its owner holds a
// lock on the file "lock" in it, which the kernel lets go when the owner ends.
type scratch struct {
	dir  string
	lock *os.File
}

const scratchPrefix = "zoomdev-"

// newScratch makes a folder that other users may pass through (PostgreSQL may
// run as one) and first removes those whose owner is gone.
func newScratch(kind string) (*scratch, error) {
	sweep()
	// A sweep in another process may take the folder between its creation and
	// the lock; then there is simply another one.
	for range 10 {
		dir, err := os.MkdirTemp("", scratchPrefix+kind+"-")
		if err != nil {
			return nil, fmt.Errorf("temporary folder: %w", err)
		}
		lock, err := lockIn(dir, os.O_CREATE)
		if err != nil {
			os.RemoveAll(dir)
			continue
		}
		if err := os.Chmod(dir, 0o755); err != nil {
			lock.Close()
			os.RemoveAll(dir)
			return nil, fmt.Errorf("temporary folder: %w", err)
		}
		return &scratch{dir, lock}, nil
	}
	return nil, fmt.Errorf("temporary folder in %s: cannot lock one", os.TempDir())
}

func (s *scratch) path(name string) string { return filepath.Join(s.dir, name) }

// remove may be called again; the second call does nothing.
func (s *scratch) remove() error {
	if s == nil || s.lock == nil {
		return nil
	}
	err := errors.Join(os.RemoveAll(s.dir), s.lock.Close())
	s.lock = nil
	return err
}

// lockIn fails where another process holds the lock.
func lockIn(dir string, flags int) (*os.File, error) {
	lock, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_RDWR|flags, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		lock.Close()
		return nil, err
	}
	return lock, nil
}

// sweep is best effort: what it cannot remove is not ours, or still in use.
func sweep() {
	found, _ := filepath.Glob(filepath.Join(os.TempDir(), scratchPrefix+"*"))
	for _, dir := range found {
		info, err := os.Lstat(dir)
		if err != nil || !info.IsDir() || info.Sys().(*syscall.Stat_t).Uid != uint32(os.Getuid()) {
			continue
		}
		if lock, err := lockIn(dir, 0); err == nil {
			os.RemoveAll(dir)
			lock.Close()
		}
	}
}

// TempDir makes a temporary folder and returns what removes it. If this process
// is killed, the next one that starts a host or PostgreSQL removes it.
func TempDir() (dir string, remove func() error, err error) {
	s, err := newScratch("tmp")
	if err != nil {
		return "", nil, err
	}
	return s.dir, s.remove, nil
}

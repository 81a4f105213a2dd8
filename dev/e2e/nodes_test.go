package e2e

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"zoomdev/mmhost"
	"zoomdev/zoomsim"
)

// secondNode is another server on the database and files of the first, with
// the plugin running and configured the same.
func (w *world) secondNode() *mmhost.Host {
	w.Helper()
	first := w.host.Options()
	node := startNode(w.T, mmhost.Options{DSN: first.DSN, FilesDir: first.FilesDir, Env: first.Env})
	if len(node.PluginPIDs("zoom")) == 0 {
		_, err := node.UploadPlugin(w.bundle)
		check(w.T, err)
	}
	check(w.T, node.ConfigurePlugin("zoom", w.settings()))
	check(w.T, node.EnablePlugin("zoom"))
	eventually(w.T, "the second node is configured", func() bool {
		status, _ := request(w.T, node, nil, "GET", "/plugins/zoom/oauth2/connect", nil)
		return status != http.StatusNotImplemented
	})
	return node
}

// startOn starts a meeting on a node; whether there is one.
func (w *world) startOn(node *mmhost.Host, p person) bool {
	status, body := request(w.T, node, p.client, "POST", "/plugins/zoom/api/v1/meetings?force=true",
		strings.NewReader(w.startBody()), "Content-Type", "application/json")
	good := status == http.StatusOK && strings.Contains(body, "/j/")
	if !good {
		w.Logf("%d %s", status, body)
	}
	return good
}

// Goal: 200 starts at once on two nodes, on an expired token: every one
// succeeds, Zoom sees one refresh, and no spent token is used.
func TestTwoNodesRefreshOnce(t *testing.T) {
	w := connected(t)
	nodes := []*mmhost.Host{w.host, w.secondNode()}
	for round := range 3 {
		w.zoom.SetHostQuota(1000)
		w.zoom.ExpireAccessTokens()
		before := w.zoom.RefreshCount()
		var group sync.WaitGroup
		var good atomic.Int32
		for i := range 200 {
			group.Go(func() {
				if w.startOn(nodes[i%2], []person{w.member, w.admin}[i/2%2]) {
					good.Add(1)
				}
			})
		}
		group.Wait()
		if n := good.Load(); n != 200 {
			t.Errorf("round %d: %d of 200 starts", round, n)
		}
		if n := w.zoom.RefreshCount() - before; n != 1 {
			t.Errorf("round %d: %d refreshes", round, n)
		}
	}
	if n := w.zoom.SpentRefreshUses(); n != 0 {
		t.Errorf("spent refresh tokens were used %d times", n)
	}
}

// Goal: a node that dies in the middle of a refresh, at any step of it, does not
// take the connection with it, or else the admins are told how to make it again;
// the other node never waits longer than the lease.
func TestNodeDiesInARefresh(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a minute")
	}
	for name, fault := range map[string]zoomsim.Fault{
		"before Zoom has seen it": {Delay: 2 * time.Second},
		"after Zoom has done it":  {Delay: 2 * time.Second, After: true},
	} {
		t.Run(name, func(t *testing.T) {
			w := connected(t)
			node := w.secondNode()
			w.zoom.ExpireAccessTokens()
			w.zoom.Fail("POST /oauth/token", fault)
			go w.startOn(node, w.admin)
			eventually(t, "the refresh has begun", func() bool { return w.zoom.PendingFaults() == 0 })
			for _, pid := range node.PluginPIDs("zoom") {
				check(t, syscall.Kill(pid, syscall.SIGKILL))
			}
			deadline := time.Now().Add(40 * time.Second) // the lease, and some
			good, told := false, false
			for !good && !told && time.Now().Before(deadline) {
				good = w.startOn(w.host, w.member)
				told = !good && strings.Contains(w.types(w.member, "/zoom start"), "has ended")
			}
			if !good && !told {
				t.Fatal("a silent dead end")
			}
			if told {
				w.told(w.admin, "`/zoom connect`")
				if status, page := w.authorize(); status != http.StatusOK {
					t.Fatalf("connecting again: %d %s", status, page)
				}
			}
			if !w.startOn(w.host, w.member) {
				t.Error("no meeting in the end")
			}
			t.Logf("survived: %v, told: %v", good, told)
		})
	}
}

// Goal: a node that was held beyond its lease in the middle of a refresh, and
// goes on, changes nothing.
func TestHeldNode(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a minute")
	}
	w := connected(t)
	node := w.secondNode()
	w.zoom.ExpireAccessTokens()
	w.zoom.Fail("POST /oauth/token", zoomsim.Fault{Status: http.StatusServiceUnavailable, Delay: time.Second, Times: 1})
	done := make(chan bool)
	go func() { done <- w.startOn(node, w.admin) }()
	eventually(t, "the refresh has begun", func() bool { return w.zoom.PendingFaults() == 0 })
	pids := node.PluginPIDs("zoom")
	check(t, syscall.Kill(pids[0], syscall.SIGSTOP))
	t.Cleanup(func() { syscall.Kill(pids[0], syscall.SIGCONT) })
	deadline := time.Now().Add(40 * time.Second)
	for !w.startOn(w.host, w.member) {
		if time.Now().After(deadline) {
			t.Fatal("the other node did not go on")
		}
		time.Sleep(time.Second)
	}
	check(t, syscall.Kill(pids[0], syscall.SIGCONT))
	<-done
	for i, host := range []*mmhost.Host{w.host, node, w.host} {
		eventually(t, fmt.Sprint("start ", i), func() bool { return w.startOn(host, w.member) })
	}
	if n := w.zoom.SpentRefreshUses(); n != 0 {
		t.Errorf("spent refresh tokens were used %d times", n)
	}
}

// Goal: a node that was held beyond its leases with four recordings in its
// hands, and goes on, posts nothing a second time and takes nothing away.
func TestHeldNodeWithJobs(t *testing.T) {
	if testing.Short() {
		t.Skip("takes two minutes")
	}
	w := connected(t)
	node := w.secondNode()
	tapes := w.tapes(8)
	w.zoom.Fail("GET /rec/webhook_download/", zoomsim.Fault{Delay: 200 * time.Millisecond, Times: 1000})
	var group sync.WaitGroup
	for _, tape := range tapes {
		for _, event := range tape.events {
			event.URL = node.URL + "/plugins/zoom/webhook?secret=" + webhookSecret
			group.Go(func() { w.delivers(event, http.StatusOK) })
		}
	}
	group.Wait()
	// server and plugin: the one would end the other, held alone for so long
	check(t, syscall.Kill(-node.PID(), syscall.SIGSTOP))
	t.Cleanup(func() { syscall.Kill(-node.PID(), syscall.SIGCONT) })
	pids := node.PluginPIDs("zoom")
	held, err := w.host.PluginKeys("zoom", "z2_lease_job_")
	check(t, err)
	if len(held) == 0 {
		t.Error("no job is held")
	}
	w.settle(tapes, 150*time.Second)
	check(t, syscall.Kill(-node.PID(), syscall.SIGCONT))
	time.Sleep(15 * time.Second) // its late work
	w.settle(tapes, time.Minute)
	if !slices.Equal(node.PluginPIDs("zoom"), pids) {
		t.Error("it was not the held process that went on")
	}
	t.Logf("%d jobs were held", len(held))
}

package app_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// redisProcess is a Redis of a test's own, which it may freeze, kill and empty.
type redisProcess struct {
	t    *testing.T
	port int
	dir  string
	args []string
	cmd  *exec.Cmd
}

// ownRedis prepares a Redis that does not run yet. Without a Redis to test with the test is skipped, and without the
// program.
func ownRedis(t *testing.T, args ...string) *redisProcess {
	t.Helper()
	redisURL(t)
	if _, err := exec.LookPath("redis-server"); err != nil {
		t.Skip("there is no redis-server on the PATH")
	}
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr, ok := l.Addr().(*net.TCPAddr)
	if err := l.Close(); err != nil || !ok {
		t.Fatal(err)
	}
	r := &redisProcess{t: t, port: addr.Port, dir: t.TempDir(), args: args}
	t.Cleanup(r.kill)
	return r
}

func (r *redisProcess) url() string { return fmt.Sprintf("redis://127.0.0.1:%d/0", r.port) }

// start starts it and waits until it answers.
func (r *redisProcess) start() {
	r.t.Helper()
	args := append([]string{"--bind", "127.0.0.1", "--port", fmt.Sprint(r.port), "--dir", r.dir, "--save", ""}, r.args...)
	r.cmd = exec.CommandContext(context.WithoutCancel(r.t.Context()), "redis-server", args...)
	if err := r.cmd.Start(); err != nil {
		r.t.Fatal(err)
	}
	for range 200 {
		if out, err := r.cli("PING"); err == nil && string(out) == "PONG\n" {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	r.t.Fatal("Redis did not start")
}

// cli gives it a command.
func (r *redisProcess) cli(args ...string) ([]byte, error) {
	args = append([]string{"-p", fmt.Sprint(r.port)}, args...)
	return exec.CommandContext(context.WithoutCancel(r.t.Context()), "redis-cli", args...).Output()
}

func (r *redisProcess) signal(s syscall.Signal) {
	r.t.Helper()
	if err := r.cmd.Process.Signal(s); err != nil {
		r.t.Fatal(err)
	}
}

// kill ends it as a power cut of the process would.
func (r *redisProcess) kill() {
	if r.cmd == nil {
		return
	}
	_ = r.cmd.Process.Kill()
	_ = r.cmd.Wait()
	r.cmd = nil
}

// empty removes what it wrote to disk.
func (r *redisProcess) empty() {
	r.t.Helper()
	files, err := filepath.Glob(filepath.Join(r.dir, "*"))
	if err != nil {
		r.t.Fatal(err)
	}
	for _, f := range files {
		if err := os.RemoveAll(f); err != nil {
			r.t.Fatal(err)
		}
	}
}

// dump writes everything it holds to disk, uncompressed, and gives it.
func (r *redisProcess) dump() []byte {
	r.t.Helper()
	for _, args := range [][]string{{"CONFIG", "SET", "rdbcompression", "no"}, {"SAVE"}} {
		if out, err := r.cli(args...); err != nil || string(out) != "OK\n" {
			r.t.Fatalf("%v: %s, %v", args, out, err)
		}
	}
	b, err := os.ReadFile(filepath.Join(r.dir, "dump.rdb"))
	if err != nil {
		r.t.Fatal(err)
	}
	return b
}

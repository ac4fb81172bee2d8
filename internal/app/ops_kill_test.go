package app_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/veiviser/veiviser/client"
	veiviserv1 "github.com/veiviser/veiviser/proto/veiviser/v1"
)

// killsVariable says how often a process is killed; the full measurement is 300.
const (
	killsVariable = "VEIVISER_KILLS"
	defaultKills  = 6
)

// killTenant is whose data the killed server works on, killPartitions in how many parts.
const (
	killTenant     = "kills"
	killPartitions = 16
)

// Server and Redis are killed with SIGKILL at random moments, under load that sends again until it is acknowledged. What is
// learned in the end is what was sent, to the unit: nothing lost, nothing counted twice.
func TestOpsKills(t *testing.T) {
	if testing.Short() {
		t.Skip("it waits for the windows of outcomes")
	}
	kills := defaultKills
	if text := os.Getenv(killsVariable); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 0 {
			t.Fatalf("%s is %q, want a number of kills", killsVariable, text)
		}
		kills = n
	}
	x := newStand(t)
	seed := rand.Uint64()
	t.Logf("%d kills with seed %d; %s sets the number, 300 is the full measurement", kills, seed, killsVariable)
	l := newKillLoad(t, x, seed)
	l.begin(8)
	began := time.Now()
	x.killAtRandom(rand.New(rand.NewPCG(seed, 0)), kills)
	took := time.Since(began)
	x.healthy()
	l.end()
	t.Logf("%d kills of Redis and %d of the server in %v", x.redis.killed, x.server.killed, took.Round(time.Second))
	check(t, x, l)
}

// stand is a Redis and a server, each a process that may be killed.
type stand struct {
	t             *testing.T
	files         *redisProcess // where Redis listens and writes
	redis, server *child
	addr          string
	probe         *client.Client
}

func newStand(t *testing.T) *stand {
	t.Helper()
	x := &stand{t: t, files: ownRedis(t)}
	x.files.port = quietPort(t)
	x.redis = newChild(t, "redis-server", "--bind", "127.0.0.1", "--port", fmt.Sprint(x.files.port), "--dir", x.files.dir,
		"--save", "", "--appendonly", "yes", "--appendfsync", "always", "--auto-aof-rewrite-min-size", "32mb")
	program := filepath.Join(t.TempDir(), "server")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", program, "github.com/veiviser/veiviser/server").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	x.addr = local(quietPort(t))
	x.server = newChild(t, program, "--grpc-addr", x.addr, "--http-addr", local(quietPort(t)), "--admin-addr", local(quietPort(t)),
		"--redis-url", x.files.url(), "--tenant", killTenant, "--partitions", fmt.Sprint(killPartitions),
		"--plan", planFolder(t, killPlan(t)), "--log-level", "warn")
	x.probe = x.client()
	x.redis.start()
	x.server.start()
	x.healthy()
	return x
}

// client is one of the server's callers.
func (x *stand) client(opts ...client.Option) *client.Client {
	x.t.Helper()
	c, err := client.New(x.addr, append([]client.Option{client.WithTimeout(1500 * time.Millisecond)}, opts...)...)
	if err != nil {
		x.t.Fatal(err)
	}
	x.t.Cleanup(func() { _ = c.Close() })
	return c
}

// healthy waits until the server answers from its store.
func (x *stand) healthy() {
	x.t.Helper()
	var err error
	for begun := time.Now(); time.Since(begun) < 30*time.Second; time.Sleep(20 * time.Millisecond) {
		ctx, cancel := context.WithTimeout(x.t.Context(), time.Second)
		_, err = x.probe.GetVisitor(ctx, &veiviserv1.GetVisitorRequest{VisitorId: "nobody"})
		cancel()
		if errors.Is(err, client.ErrUnknownVisitor) {
			return
		}
	}
	x.t.Fatalf("the server does not answer: %v\nserver: %s\nredis: %s", err, x.server.said(), x.redis.said())
}

// killAtRandom kills one of the two at a time. Redis is killed twice as often: a learner that is killed within the five
// seconds that it waits for the lease of the one before has learned nothing that could be lost.
func (x *stand) killAtRandom(random *rand.Rand, kills int) {
	pause := func(most time.Duration) { time.Sleep(time.Duration(random.Int64N(int64(most)))) }
	for n := range kills {
		pause(time.Second)
		victim := x.redis
		if random.IntN(3) == 0 {
			victim = x.server
		}
		victim.kill()
		pause(300 * time.Millisecond)
		victim.start()
		if random.IntN(4) > 0 { // else the next is killed while this one comes up
			x.healthy()
		}
		if (n+1)%25 == 0 {
			x.t.Logf("%d kills, %v", n+1, time.Now().Format(time.TimeOnly))
		}
	}
}

// learner is how often the lease changed hands and how often what was learned was stored.
func (x *stand) learner() (fence, snapshots string) {
	key := "vv1:{" + killTenant + "/learn}:"
	f, _ := x.files.cli("GET", key+"fence")
	s, _ := x.files.cli("HGET", key+"snap", "revision")
	return string(f[:max(len(f)-1, 0)]), string(s[:max(len(s)-1, 0)])
}

// child is a process that is killed and started again.
type child struct {
	t      *testing.T
	name   string
	args   []string
	log    string // the file with all it said
	cmd    *exec.Cmd
	killed int
}

func newChild(t *testing.T, name string, args ...string) *child {
	t.Helper()
	c := &child{t: t, name: name, args: args, log: filepath.Join(t.TempDir(), "log")}
	t.Cleanup(c.kill)
	return c
}

// start starts it and does not wait. It leads a group of its own, so that what it forks to rewrite its log ends with it.
func (c *child) start() {
	c.t.Helper()
	log, err := os.OpenFile(c.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		c.t.Fatal(err)
	}
	defer func() { _ = log.Close() }()
	c.cmd = exec.CommandContext(context.WithoutCancel(c.t.Context()), c.name, c.args...)
	c.cmd.Stdout, c.cmd.Stderr = log, log
	c.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := c.cmd.Start(); err != nil {
		c.cmd = nil
		c.t.Fatal(err)
	}
}

func (c *child) kill() {
	if c.cmd == nil {
		return
	}
	_ = syscall.Kill(-c.cmd.Process.Pid, syscall.SIGKILL)
	_ = c.cmd.Wait()
	c.cmd = nil
	c.killed++
}

// said is the end of what it said.
func (c *child) said() string {
	b, _ := os.ReadFile(c.log)
	return string(b[max(0, len(b)-2000):])
}

func local(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }

// quietPort is a free port that no connection takes for itself while nobody listens on it: those of systems begin at 32768
// or above.
func quietPort(t *testing.T) int {
	t.Helper()
	for range 100 {
		port := 20000 + rand.IntN(12000)
		l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", local(port))
		if err == nil {
			_ = l.Close()
			return port
		}
	}
	t.Fatal("there is no free port")
	return 0
}

// The windows of the plan that is killed under. Whoever is late by lateType is so by the clock.
const (
	killWindow = 8 * time.Second
	lateType   = "too_late"
	lateWindow = time.Second
	everyone   = "everyone"
)

// killOutcomes is what counts as an outcome, and its weight.
var killOutcomes = map[string]float64{"click": 0.25, "helpful": 1, "purchase": 2, lateType: -0.5}

// killPlan is the sample plan with short windows, without a control group, with a segment that everybody is in, and with
// rewards of outcomes alone.
func killPlan(t *testing.T) *veiviserv1.Plan {
	t.Helper()
	p := samplePlan(t)
	learning := &veiviserv1.Learning{ProgressWeight: new(0.0), ProgressWindow: durationpb.New(4 * time.Second)}
	for kind, weight := range killOutcomes {
		window := killWindow
		if kind == lateType {
			window = lateWindow
		}
		learning.Outcomes = append(learning.Outcomes, &veiviserv1.OutcomeRule{Type: kind, Weight: weight, Window: durationpb.New(window)})
	}
	p.Policy.Learning = learning
	p.Policy.Control = &veiviserv1.Control{Share: new(0.0), Window: durationpb.New(killWindow + time.Second)}
	p.Segments = append(p.Segments, &veiviserv1.Segment{Id: everyone, Name: map[string]string{"nb": "Alle", "sv": "Alla", "en": "Everyone"}, Rule: "true"})
	return p
}

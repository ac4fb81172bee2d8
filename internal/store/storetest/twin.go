package storetest

import (
	"context"
	"errors"
	"hash/fnv"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/redis/go-redis/v9"
)

// Trace is what a store asks of Redis for one answer: a pipeline that reads, and then the script that writes.
type Trace struct {
	// Reads are the kinds of the keys that are read one by one, the letter of package store's table: "v" for records; Beside are
	// those that are read together.
	Reads, Beside []string
	// Keys are the kinds of the keys of the script, Args its arguments.
	Keys []string
	Args []string
}

// Where the script of a commit has what; see luaCommit.
const (
	argExpected = 0
	argRecord   = 1
	argAnswer   = 6
	argPrefix   = 8
	fixedArgs   = 17
	allKeys     = 9

	revisionBytes = 8
)

// Traces finds answers of persons already known among the commands of one caller who waited for each, and the script that
// commits them. What others sent in between is passed over.
func Traces(commands [][]string) (script string, traces []Trace) {
	var reads, beside []string
	for _, words := range commands {
		switch strings.ToLower(words[0]) {
		case "get":
			if kind := kindOf(words[1]); kind != "" {
				reads = append(reads, kind)
			}
		case "mget":
			for _, key := range words[1:] {
				beside = append(beside, kindOf(key))
			}
		case "eval", "evalsha":
			n, err := strconv.Atoi(words[2])
			if err != nil || n < 6 || kindOf(words[3]) != "v" {
				continue
			}
			if strings.EqualFold(words[0], "eval") {
				script = words[1]
			}
			t := Trace{Reads: reads, Beside: beside, Args: words[3+n:]}
			for _, key := range words[3 : 3+n] {
				t.Keys = append(t.Keys, kindOf(key))
			}
			reads, beside = nil, nil
			if n == allKeys && len(t.Args) >= fixedArgs && len(t.Args[argExpected]) == revisionBytes && len(t.Args[argRecord]) > revisionBytes {
				traces = append(traces, t)
			}
		}
	}
	return script, traces
}

// kindOf is the letter of a key of a partition: "" for others.
func kindOf(key string) string {
	_, rest, ok := strings.Cut(key, "}:")
	if !ok || rest != "o" && rest != "w" && (len(rest) < 2 || rest[1] != ':') {
		return ""
	}
	return rest[:1]
}

// Twin asks of Redis what a store asks for an answer, command by command and byte by byte, and looks at none of it: the
// least that any service with the same memory must spend. It works in a tenant of its own. Every call plays the next
// trace; calls for one visitor must not overlap.
type Twin struct {
	client  redis.UniversalClient
	script  *redis.Script
	prefix  string
	traces  []played
	persons map[string]*twinKeys
	next    atomic.Uint64
}

// played is a trace with arguments as the driver takes them.
type played struct {
	Trace
	args []any
}

// twinKeys are the names of one visitor's keys.
type twinKeys struct{ base, name string }

// revision is that of every record, before and after: the twin counts nothing.
const revision = "same-rev"

// NewTwin opens one on the Redis at url and writes a record for every visitor. The tenant's name should be as long as that
// of the store it is compared with.
func NewTwin(ctx context.Context, url, tenant, script string, traces []Trace, visitors []string) (*Twin, error) {
	o, err := redis.ParseURL(url)
	if err != nil {
		return nil, err
	}
	o.PoolSize, o.MaxRetries, o.Protocol = 64, -1, 2
	t := &Twin{
		client: redis.NewClient(o), script: redis.NewScript(script), prefix: "vv1:{" + tenant + "/",
		persons: make(map[string]*twinKeys, len(visitors)),
	}
	if len(traces) == 0 || len(visitors) == 0 {
		return nil, errors.New("nothing to play")
	}
	for _, trace := range traces {
		p := played{Trace: trace, args: make([]any, len(trace.Args))}
		for i, a := range trace.Args {
			p.args[i] = a
		}
		p.args[argExpected], p.args[argRecord] = revision, []byte(revision+trace.Args[argRecord][revisionBytes:])
		t.traces = append(t.traces, p)
	}
	pipe := t.client.Pipeline()
	for i, id := range visitors {
		h := fnv.New64a()
		_, _ = h.Write([]byte(id))
		k := &twinKeys{base: t.prefix + strconv.FormatUint(h.Sum64()%256, 10) + "}:", name: padded(h.Sum64(), 22)}
		t.persons[id] = k
		pipe.Set(ctx, t.key(k, "v", ""), t.traces[i%len(traces)].args[argRecord], 0)
	}
	_, err = pipe.Exec(ctx)
	return t, errors.Join(err, t.script.Load(ctx, t.client).Err())
}

// padded writes n with as many digits as the product's name has characters.
func padded(n uint64, width int) string {
	s := strconv.FormatUint(n, 10)
	return strings.Repeat("0", max(0, width-len(s))) + s
}

func (t *Twin) key(k *twinKeys, kind, answer string) string {
	switch kind {
	case "o", "w":
		return k.base + kind
	case "d":
		return k.base + "d:" + answer
	default:
		return k.base + kind + ":" + k.name
	}
}

// Do plays the next trace on one visitor, and returns its index.
func (t *Twin) Do(ctx context.Context, visitor string) (int, error) {
	n := t.next.Add(1)
	i := int(n % uint64(len(t.traces)))
	p, k := &t.traces[i], t.persons[visitor]
	pipe := t.client.Pipeline()
	for _, kind := range p.Reads {
		pipe.Get(ctx, t.key(k, kind, ""))
	}
	if len(p.Beside) > 0 {
		beside := make([]string, len(p.Beside))
		for i, kind := range p.Beside {
			beside[i] = t.key(k, kind, "")
		}
		pipe.MGet(ctx, beside...)
	}
	if _, err := pipe.Exec(ctx); err != nil && !errors.Is(err, redis.Nil) {
		return i, err
	}
	answer := padded(n, 24)
	keys := make([]string, len(p.Keys))
	for i, kind := range p.Keys {
		keys[i] = t.key(k, kind, answer)
	}
	args := slices.Clone(p.args)
	args[argAnswer], args[argPrefix] = answer, k.base+"d:"
	reply, err := t.script.Run(ctx, t.client, keys, args...).Int()
	if err == nil && reply != 1 {
		err = errors.New("two calls for one visitor at once")
	}
	return i, err
}

// Close removes what the twin wrote.
func (t *Twin) Close() error {
	ctx := context.Background()
	err := drop(ctx, t.client, t.prefix)
	return errors.Join(err, t.client.Close())
}

// drop removes all keys that begin so.
func drop(ctx context.Context, client redis.UniversalClient, prefix string) error {
	iter := client.Scan(ctx, 0, prefix+"*", 1000).Iterator()
	pipe := client.Pipeline()
	for iter.Next(ctx) {
		if pipe.Unlink(ctx, iter.Val()); pipe.Len() == 1000 {
			if _, err := pipe.Exec(ctx); err != nil {
				return err
			}
		}
	}
	_, err := pipe.Exec(ctx)
	return errors.Join(err, iter.Err())
}

// Scope is what belongs to one tenant on a Redis, for measuring.
type Scope struct {
	client redis.UniversalClient
	prefix string
}

// NewScope opens one.
func NewScope(url, tenant string) (*Scope, error) {
	o, err := redis.ParseURL(url)
	if err != nil {
		return nil, err
	}
	return &Scope{client: redis.NewClient(o), prefix: "vv1:{" + tenant + "/"}, nil
}

// Memory is how many bytes Redis uses for the tenant's keys, by the letter of their kind, with their names and overhead.
func (s *Scope) Memory(ctx context.Context) (map[string]int64, error) {
	sum := map[string]int64{}
	iter := s.client.Scan(ctx, 0, s.prefix+"*", 1000).Iterator()
	for iter.Next(ctx) {
		n, err := s.client.MemoryUsage(ctx, iter.Val(), 0).Result()
		if err != nil {
			return nil, err
		}
		sum[kindOf(iter.Val())] += n
	}
	return sum, iter.Err()
}

// Traffic is how many bytes and commands the server has received and how many bytes it sent since it started; zero where
// the server does not say.
func (s *Scope) Traffic(ctx context.Context) (in, out, commands int64) {
	info, err := s.client.Info(ctx, "stats").Result()
	if err != nil {
		return 0, 0, 0
	}
	for line := range strings.Lines(info) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ":")
		n, _ := strconv.ParseInt(value, 10, 64)
		switch name {
		case "total_net_input_bytes":
			in = n
		case "total_net_output_bytes":
			out = n
		case "total_commands_processed":
			commands = n
		}
	}
	return in, out, commands
}

// Close removes what the tenant has.
func (s *Scope) Close() error {
	err := drop(context.Background(), s.client, s.prefix)
	return errors.Join(err, s.client.Close())
}

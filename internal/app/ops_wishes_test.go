package app_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/veiviser/veiviser/internal/store/storetest"
	veiviserv1 "github.com/veiviser/veiviser/proto/veiviser/v1"
)

// profile plants a profile of Ada under two linked identities: what she did, said and was answered, all of it with marks.
func profile(t *testing.T, s *services, p *planted) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for _, id := range []string{p.id, p.other} {
		event := &veiviserv1.Event{
			EventId: "seen-" + id, VisitorId: id, Type: "search", Subject: "bike/" + p.thing, ItemId: p.thing,
			Attributes: map[string]string{"visitor.name": p.said, "query": p.said, "page": "/" + p.said},
		}
		if _, err := s.visits.RecordEvents(ctx, &veiviserv1.RecordEventsRequest{Events: []*veiviserv1.Event{event}}); err != nil {
			t.Fatal(err)
		}
		if _, err := s.recommend(ctx, id); err != nil {
			t.Fatal(err)
		}
	}
	link := &veiviserv1.LinkVisitorsRequest{VisitorId: p.id, LinkedVisitorIds: []string{p.other}}
	if _, err := s.visits.LinkVisitors(ctx, link); err != nil {
		t.Fatal(err)
	}
}

func plants() *planted {
	return &planted{id: "id-" + rand.Text(), other: "other-" + rand.Text(), said: "said-" + rand.Text(), thing: "thing-" + strings.ToLower(rand.Text())}
}

// secrets are the marks of a profile.
func (p *planted) secrets() map[string][]byte {
	return map[string][]byte{"what she said": []byte(p.said), "a thing she met": []byte(p.thing)}
}

// names are the texts under which keys are about her.
func (p *planted) names(tenant string) []string {
	var out []string
	for _, id := range []string{p.id, p.other} {
		sum := sha256.Sum256([]byte(tenant + "\x00" + id))
		out = append(out, base64.RawURLEncoding.EncodeToString(sum[:16]))
	}
	return out
}

// withdraw takes back the consent to be profiled.
func withdraw(ctx context.Context, s *services, id string) error {
	_, err := s.visits.SetConsent(ctx, &veiviserv1.SetConsentRequest{
		VisitorId: id, Consent: &veiviserv1.Consent{Purpose: "personalization", Source: "phone"},
	})
	return err
}

// use makes the calls that look at a person, and lets her do something.
func use(ctx context.Context, t *testing.T, s *services, p *planted, events ...*veiviserv1.Event) {
	t.Helper()
	for _, id := range []string{p.id, p.other} {
		out, err := s.decisions.Recommend(ctx, &veiviserv1.RecommendRequest{
			VisitorId: id, Placements: []*veiviserv1.PlacementRequest{{Placement: "product_side"}}, Events: events,
			Context: &veiviserv1.VisitContext{Subject: "bike/ebike", Language: "sv"},
		})
		if err != nil || len(out.GetDecisions()[0].GetItems()) == 0 || out.GetDecisions()[0].GetItems()[0].GetRepresentation().GetLanguage() != "sv" {
			t.Fatalf("the page she is on still says what may help: %v, %v", out, err)
		}
		got, err := s.visits.GetVisitor(ctx, &veiviserv1.GetVisitorRequest{VisitorId: id})
		if err != nil {
			t.Fatal(err)
		}
		if v := got.GetVisitor(); v.GetStanding().GetProfiled() || v.GetEvents() != 0 || len(v.GetAttributes()) > 0 || len(v.GetRecentItems()) > 0 {
			t.Errorf("she is still profiled: %v", v)
		}
	}
}

// Proved by the commands that Redis receives and what it replies: once consent is withdrawn no profile of hers is in the store,
// and to answer her nothing of hers is read but the record of her wishes, what of them outlives it, and whether she was erased;
// with events also which events were counted.
func TestOpsNoConsentReadsNoProfile(t *testing.T) {
	redis, err := storetest.NewRecorder()
	if err != nil {
		t.Fatal(err)
	}
	defer redis.Close()
	cfg := settings(redis.URL())
	s := connect(t, startServer(t, cfg))
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	p := plants()
	redis.Replies()
	profile(t, s, p)
	if _, err := s.visits.GetVisitor(ctx, &veiviserv1.GetVisitorRequest{VisitorId: p.id}); err != nil {
		t.Fatal(err)
	}
	if before := bytes.Join(redis.Replies(), nil); len(found(before, p.secrets())) != 2 {
		t.Fatalf("before, replies hold %v: the test is blind", found(before, p.secrets()))
	}
	if err := withdraw(ctx, s, p.other); err != nil {
		t.Fatal(err)
	}
	time.Sleep(2500 * time.Millisecond) // the learner has read what is in the outbox, which is nobody's
	redis.Take()
	redis.Replies()
	use(ctx, t, s, p)
	reads := readsOf(redis.Take(), p.names(cfg.Tenant))
	if want := []string{"k", "t", "v"}; !slices.Equal(reads, want) {
		t.Errorf("to answer her the keys %v of hers were read, want %v", reads, want)
	}
	use(ctx, t, s, p, &veiviserv1.Event{EventId: "e", Type: "view", Subject: "bike/ebike"})
	reads = readsOf(redis.Take(), p.names(cfg.Tenant))
	if want := []string{"e", "k", "t", "v"}; !slices.Equal(reads, want) {
		t.Errorf("to take in an event the keys %v of hers were read, want %v", reads, want)
	}
	for _, reply := range redis.Replies() {
		if left := found(reply, p.secrets()); len(left) > 0 {
			t.Errorf("a reply holds %v", left)
		}
	}
}

// readsOf are the kinds of keys with one of the names that were read, by any command but scripts, which write.
func readsOf(commands [][]string, names []string) []string {
	var kinds []string
	for _, c := range commands {
		if strings.HasPrefix(strings.ToUpper(c[0]), "EVAL") {
			continue
		}
		for _, word := range c[1:] {
			for _, n := range names {
				if base, ok := strings.CutSuffix(word, ":"+n); ok {
					kinds = append(kinds, base[strings.LastIndexByte(base, ':')+1:])
				}
			}
		}
	}
	slices.Sort(kinds)
	return slices.Compact(kinds)
}

// The same on a real Redis, by what MONITOR sees inside of scripts, too, and by a scan of all that it holds.
func TestOpsNoConsentOnRedis(t *testing.T) {
	r := ownRedis(t)
	r.start()
	cfg := settings(r.url())
	s := connect(t, startServer(t, cfg))
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	p := plants()
	profile(t, s, p)
	if before := found(r.dump(), p.secrets()); len(before) != 2 {
		t.Fatalf("before, Redis holds %v: the test is blind", before)
	}
	if err := withdraw(ctx, s, p.other); err != nil {
		t.Fatal(err)
	}
	time.Sleep(2500 * time.Millisecond)
	if left := found(r.dump(), p.secrets()); len(left) > 0 {
		t.Errorf("after she withdrew consent Redis holds %v", left)
	}
	seen := r.monitor(func() {
		use(ctx, t, s, p)
		use(ctx, t, s, p, &veiviserv1.Event{EventId: "e", Type: "view", Subject: "bike/ebike"})
	})
	if !strings.Contains(seen, "lua") || !strings.Contains(seen, p.names(cfg.Tenant)[0]) {
		t.Fatal("the monitor saw nothing")
	}
	for line := range strings.SplitSeq(seen, "\n") {
		if len(found([]byte(line), p.secrets())) > 0 {
			t.Errorf("a command holds what she said or met: %.200s", line)
		}
		command := strings.ToUpper(line[strings.IndexByte(line, ']')+1:])
		hers := strings.Contains(line, ":"+p.names(cfg.Tenant)[0]) || strings.Contains(line, ":"+p.names(cfg.Tenant)[1])
		if hers && strings.Contains(command, `"LRANGE"`) || strings.Contains(command, `"GET"`) && strings.Contains(line, "}:d:") {
			t.Errorf("an answer of hers was read: %s", line)
		}
	}
	if left := found(r.dump(), p.secrets()); len(left) > 0 {
		t.Errorf("at the end Redis holds %v", left)
	}
}

// monitor is every command that it gets while something is done.
func (r *redisProcess) monitor(do func()) string {
	r.t.Helper()
	ctx, stop := context.WithCancel(r.t.Context())
	defer stop()
	var seen shared
	cmd := exec.CommandContext(ctx, "redis-cli", "-p", strings.TrimSuffix(strings.TrimPrefix(r.url(), "redis://127.0.0.1:"), "/0"), "MONITOR")
	cmd.Stdout = &seen
	if err := cmd.Start(); err != nil {
		r.t.Fatal(err)
	}
	for end := time.Now().Add(5 * time.Second); !strings.HasPrefix(seen.String(), "OK") && time.Now().Before(end); {
		time.Sleep(10 * time.Millisecond)
	}
	do()
	time.Sleep(200 * time.Millisecond)
	stop()
	_ = cmd.Wait()
	return seen.String()
}

// When a new plan no longer takes consent for granted, nobody's old profile is used any more, and the next answer removes it.
func TestOpsConsentNoLongerTakenForGranted(t *testing.T) {
	r := ownRedis(t)
	r.start()
	cfg := settings(r.url())
	s := connect(t, startServer(t, cfg))
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	p := plants()
	profile(t, s, p)
	plan := samplePlan(t)
	for _, purpose := range plan.GetPurposes() {
		purpose.Granted = false
	}
	if _, err := s.plans.PublishPlan(ctx, &veiviserv1.PublishPlanRequest{Plan: plan}); err != nil {
		t.Fatal(err)
	}
	got, err := s.visits.GetVisitor(ctx, &veiviserv1.GetVisitorRequest{VisitorId: p.id})
	if err != nil || got.GetVisitor().GetEvents() != 0 || got.GetVisitor().GetStanding().GetProfiled() {
		t.Errorf("the old profile is shown: %v, %v", got, err)
	}
	use(ctx, t, s, p)
	time.Sleep(2500 * time.Millisecond)
	if left := found(r.dump(), p.secrets()); len(left) > 0 {
		t.Errorf("Redis holds %v", left)
	}
}

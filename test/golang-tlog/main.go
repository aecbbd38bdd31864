// Verifies an exported ledger with golang.org/x/mod/sumdb, which shares no code with ours:
//
//	golang-tlog <folder> <vkey> < proofs.json
//
// It opens the checkpoint, checks every tile against its root, every entry against the tiles, and the proofs on standard input.
package main

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type folder string

func (f folder) Height() int                                { return 8 }
func (f folder) SaveTiles(tiles []tlog.Tile, data [][]byte) {}
func (f folder) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var all [][]byte
	for _, t := range tiles {
		// Go's paths name the height first: tile/8/0/000.p/3.
		data, err := os.ReadFile(filepath.Join(string(f), strings.Replace(t.Path(), "tile/8/", "tile/", 1)))
		if err != nil {
			return nil, err
		}
		all = append(all, data)
	}
	return all, nil
}

type proofs struct {
	Inclusion []struct {
		Index int64
		Proof []tlog.Hash
	}
	Consistency []struct {
		Size  int64
		Root  tlog.Hash
		Proof []tlog.Hash
	}
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func main() {
	dir := os.Args[1]
	verifier, err := note.NewVerifier(os.Args[2])
	check(err)
	text, err := os.ReadFile(filepath.Join(dir, "checkpoint"))
	check(err)
	signed, err := note.Open(text, note.VerifierList(verifier))
	check(err)
	lines := strings.Split(signed.Text, "\n")
	var size int64
	_, err = fmt.Sscanf(lines[1], "%d", &size)
	check(err)
	root, err := tlog.ParseHash(lines[2])
	check(err)
	reader := tlog.TileHashReader(tlog.Tree{N: size, Hash: root}, folder(dir))

	var leaves []tlog.Hash
	for start := int64(0); start < size; start += 256 {
		width := int(min(256, size-start))
		tile := tlog.Tile{H: 8, L: -1, N: start / 256, W: width}
		path := strings.Replace(tile.Path(), "tile/8/data/", "tile/entries/", 1)
		bundle, err := os.ReadFile(filepath.Join(dir, path))
		check(err)
		for len(bundle) > 0 {
			length := binary.BigEndian.Uint16(bundle)
			leaf := tlog.RecordHash(bundle[2 : 2+length])
			bundle = bundle[2+length:]
			stored, err := reader.ReadHashes([]int64{tlog.StoredHashIndex(0, int64(len(leaves)))})
			check(err)
			if stored[0] != leaf {
				check(fmt.Errorf("entry %d is not what its tile says", len(leaves)))
			}
			leaves = append(leaves, leaf)
		}
	}
	if int64(len(leaves)) != size {
		check(fmt.Errorf("%d entries in a log of %d", len(leaves), size))
	}

	var given proofs
	check(json.NewDecoder(os.Stdin).Decode(&given))
	for _, p := range given.Inclusion {
		check(tlog.CheckRecord(p.Proof, size, root, p.Index, leaves[p.Index]))
	}
	for _, p := range given.Consistency {
		check(tlog.CheckTree(p.Proof, size, root, p.Size, p.Root))
	}
	fmt.Printf("verified %d entries, %d inclusion proofs, %d consistency proofs\n", size, len(given.Inclusion), len(given.Consistency))
}

/** How to pull: the names of the tools whose lines stand ready, and what to know of them. */
export const pullText = {
  by: 'By',
  byTag: 'By tag',
  byDigest: 'By digest',
  lead: 'A digest always leads to the same bytes; a tag leads to whatever it was last set to.',
  signIn: 'Sign in, unless it is public',
  docker: 'Docker',
  podman: 'Podman',
  containerd: 'containerd (ctr)',
  nerdctl: 'containerd (nerdctl)',
  skopeo: 'skopeo, into an archive',
  kubernetesSecret: 'Kubernetes: the secret, once for each namespace',
  kubernetes: 'Kubernetes: a pod',
  helm: 'Helm',
  helmInstall: 'Helm, install it',
  helmNeedsTag: 'Helm names a chart by its version, so there is no line by digest for it.',
  oras: 'ORAS',
  plainHttp:
    'This registry is reached without TLS. Docker and Kubernetes pull from it only when it is entered as an insecure registry there.',
}
